"""The expression language: a subset of CEL with one parser, one typed tree, and one meaning for every engine.

`text` splits strings on `${{ … }}`; `parse` reads an expression; `scope` says what its names stand for;
`check` types it and folds what is constant; `evaluate` computes it; `unparse` writes it; `tree` is what all
of them share. Rules of policies have macros and CEL's own meaning of errors: `closures` computes them, within the
bounds of `work`. Import the submodules; nothing is exported here.
"""
