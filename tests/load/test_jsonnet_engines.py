"""Both engines give the same data for what libraries use of Jsonnet; where they differ is listed."""

from pathlib import Path

import pytest

from dragoman.findings import Findings
from dragoman.load.jsonnet import ENGINES, evaluate

pytest.importorskip("_jsonnet", reason="dragoman[jsonnet] is not installed")

FILES = {
    "data.json": '{"list": [1, true, null], "text": "é"}',
    "note.txt": "héllo\n",
    "lib/steps.libsonnet": """
        local defaults = import 'defaults.libsonnet';
        {
          step(name, image=defaults.image):: { name:: name, image: image, resources: { cpu: 1 } },
          withMemory(memory):: { resources+: { memory: memory } },
          after(names):: { needs+: names },
        }
    """,
    "lib/defaults.libsonnet": "{ image: 'python:3.12' }",
    "vendor/k.libsonnet": "{ v1: { pod: { new(name):: { kind: 'Pod', metadata: { name: name } } } } }",
}

# each begins with its name, and its result is a list or an object
SAME = r"""
// arithmetic
[1 / 3, 7 % 3, -7 % 3, 2 - 5, 1e21, 1.5e300, 5e-324, -0, 123456789012345680000, 0.1 + 0.2]

// bits
[1 << 3, 255 >> 2, 5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 40]

// comparison
[1 == 1.0, 'a' < 'b', [1] == [1], { a: 1 } == { a: 1 }, [1, 2] < [1, 3], null != false]

// conditions
[if true then 1, if false then 1, if 1 > 2 then 'a' else 'b', true && !false || false]

// texts
['\u00e9\n\t\\', @'c:\dir', "it's", 'a' + 1 + null + [2] + { b: true }, 'abc'[1], 'héllo😀'[1:6]]

// text blocks
[|||
  first
    second

  third
|||]

// slices
[[1, 2, 3, 4, 5][1:4:2], [1, 2, 3][1:], [1, 2, 3][:2], 'hello'[1:3]]

// functions and locals
local a = 1, b = a + 1;
local f(x, y=x + b) = x + y;
[f(1), f(1, 5), f(y=2, x=1)]

// self and $
{ a: 1, b: self.a + 1, c: { d: $.b, e: self.d } }

// super
{ a: 1, f(x):: x } + { b: super.a + 1, c: super.f(3) }

// nested +:
{ a: { b: 1, l: [1] } } + { a+: { c: 2, l+: [2] } }

// +: with nothing below
{ a+: { b: 1 }, n+: 1 }

// hidden fields
{ a:: 1, b: self.a, c::: 2 } + { d:: 3 } + { d::: 4 }

// hidden stays hidden
{ a:: 1 } + { a: 2, b: super.a }

// asserts
{ assert self.a > 0 : 'positive', a: 1 } + { a: 2 }

// object comprehension
{ ['k' + i]: i * 2 for i in std.range(1, 3) if i != 2 }

// array comprehension
[x + y for x in [1, 2] if x > 1 for y in [3, 4]]

// computed and omitted fields
{ ['a' + 1]: 1, [null]: 2, [if false then 'b']: 3 }

// object locals and methods
{ local x = 1, a: x, f(y):: y + x, b: self.f(2) }

// laziness
local a = { x: error 'never', y: 1 };
[a.y, [1, error 'never'][0], std.length([error 'no'])]

// tailstrict
local sum(n, acc) = if n == 0 then acc else sum(n - 1, acc + n) tailstrict;
[sum(300, 0)]

// the order of keys
{ b: 1, a: 2, 'é': 3, Z: 4, '😀': 5, '\uffff': 6, '10': 7, '9': 8 }

// std.format
[std.format('%05.2f|%-6s|%+d|%x|%#o|%e|%g|%c|%%', [3.14159, 'ab', 5, 255, 8, 12345.678, 1e-5, 'z'])]

// % with names, lists and one value
['%(a)s-%(b)03d-%(c)5.1f' % { a: 'x', b: 7, c: 2.25 }, '%s and %s' % [[1, 2], { a: null }], '%d%%' % 42]

// std.sort
[std.sort([3, 1, 2]), std.sort(['b', 'a', 'B']), std.sort([{ k: 2 }, { k: 1 }], function(o) o.k)]

// sets
[
  std.set([3, 1, 3]), std.uniq([1, 1, 2]), std.setMember(2, [1, 2]),
  std.setUnion([1, 2], [2, 3]), std.setInter([1, 2], [2, 3]), std.setDiff([1, 2], [2, 3]),
]

// folds
[std.foldl(function(a, b) a + b, [1, 2, 3], 0), std.foldr(function(b, a) a + b, ['x', 'y'], '')]

// std.mergePatch
std.mergePatch({ a: 1, b: { c: 2, d: 3 } }, { a: null, b: { c: 4 }, e: [5] })

// fields of objects
local o = { b: 1, a:: 2, c: null };
[
  std.objectFields(o), std.objectFieldsAll(o), std.objectValues(o), std.objectKeysValues(o), std.length(o),
  std.objectHas(o, 'a'), std.objectHasAll(o, 'a'), 'b' in o, std.get(o, 'z', 'default'),
  std.objectRemoveKey(o, 'b'),
]

// maps and filters
[
  std.map(function(x) x * 2, [1, 2]), std.mapWithIndex(function(i, x) i + x, [1, 2]),
  std.mapWithKey(function(k, v) k + v, { a: 1 }), std.filter(function(x) x > 1, [1, 2]),
  std.filterMap(function(x) x > 1, function(x) -x, [1, 2]), std.flatMap(function(x) [x, x], [1, 2]),
]

// joins and splits
[
  std.join(', ', ['a', null, 'b']), std.join([0], [[1], [2]]), std.lines(['a', 'b']),
  std.split('a,b,c', ','), std.splitLimit('a,b,c', ',', 1), std.flattenArrays([[1], [2]]),
]

// functions of texts
[
  std.strReplace('banana', 'an', 'AN'), std.substr('hello', 1, 3), std.findSubstr('a', 'banana'),
  std.startsWith('ab', 'a'), std.endsWith('ab', 'b'), std.stripChars(' ab ', ' '), std.repeat('ab', 2),
  std.asciiUpper('aé'), std.asciiLower('AÉ'), std.equalsIgnoreCase('A', 'a'), std.isEmpty(''),
  std.stringChars('é😀'), std.length('é😀'), std.codepoint('é'), std.char(233),
]

// numbers and texts
[std.parseInt('-12'), std.parseOctal('17'), std.parseHex('ff'), std.toString(1.5), '' + 1e15]

// functions of arrays
[
  std.range(2, 5), std.makeArray(3, function(i) i * i), std.repeat([1], 2), std.reverse([1, 2]),
  std.count([1, 2, 1], 1), std.member([1, 2], 2), std.find(1, [1, 2, 1]), std.removeAt([1, 2], 0),
  std.all([true]), std.any([false]), std.sum([1, 2]), std.minArray([2, 1]), std.maxArray([2, 1]),
]

// functions of numbers
[
  std.floor(1.7), std.ceil(1.2), std.round(2.5), std.pow(2, 10), std.sqrt(2), std.exp(1), std.log(10),
  std.abs(-1), std.sign(-2), std.max(1, 2), std.min(1, 2), std.mod(7, 3), std.clamp(5, 0, 3),
]

// types
[std.type(x) for x in [1, '', null, [], {}, true, function() 1]] + [
  std.isString(''), std.isNumber(1), std.isBoolean(1), std.isObject({}), std.isArray([]), std.isFunction(1),
]

// std.prune
std.prune({ a: null, b: [], c: { d: null }, e: 0, f: [null, 1], g: '' })

// hashes and encodings
[
  std.md5('a'), std.base64('hello'), std.base64([1, 2, 3]), std.base64Decode('aGVsbG8='),
  std.encodeUTF8('é'), std.decodeUTF8([195, 169]),
]

// escapes
[std.escapeStringJson('a"\n\u0001é'), std.escapeStringBash("it's"), std.escapeStringPython('a"b')]

// std.manifestJson
local v = { b: [1, 'x', null], a: {}, c: [] };
[std.manifestJson(v), std.manifestJsonEx(v, '  '), std.manifestJsonMinified(v), std.toString(v)]

// std.manifestYamlDoc
[
  std.manifestYamlDoc({ a: [1, { b: 'x: y' }], c: 'l1\nl2\n', yes: true, '1': {} }),
  std.manifestYamlStream([{ a: 1 }, [2]]),
]

// other manifests
[
  std.manifestIni({ main: { a: 1 }, sections: { s: { b: 'x' } } }),
  std.manifestPython({ a: true, b: null }),
  std.manifestTomlEx({ a: 1, b: { c: 'x' } }, '  '),
]

// parsers
[
  std.parseJson('{"a": [1, 2.5, null]}'),
  std.parseYaml('a: [1, 2]\nb: no\nc: "x"'),
  std.parseYaml('---\na: 1\n---\nb: 2'),
]

// imports
[import 'data.json', importstr 'note.txt', importbin 'note.txt', import 'k.libsonnet']

// a library
local l = import 'lib/steps.libsonnet';
local steps = [l.step('a') + l.withMemory('1Gi'), l.step('b', 'x') + l.after(['a'])];
{ steps: { [step.name]: step for step in steps } }

// a mixin over a library
(import 'lib/steps.libsonnet') {
  step(name):: super.step(name) { image+: '-slim' },
  made: self.step('a'),
}

// variables
{ name: std.extVar('name'), list: std.extVar('list') + [3] }

// a native function that is not there
[std.native('sha256')]
"""

# | program | rjsonnet 0.5.6 | reference engine 0.22.0 |
DIFFERENT = [
    # what one of them lacks
    ("std.trim(' a ')", "no such field: trim", "a"),
    ("std.flattenDeepArray([1, [2, [3]]])", "no such field: flattenDeepArray", [1, 2, 3]),
    ("std.log2(8)", "no such field: log2", 3),
    ("std.pi > 3", "no such field: pi", True),
    ("std.hypot(3, 4)", "no such field: hypot", 5),
    ("std.isNull(null)", "no such field: isNull", True),
    ("std.thisFile", "std.thisFile is deprecated", "test.jsonnet"),
    ("std.length(std.sha256('a'))", 64, "This function is only supported in go version of jsonnet."),
    ("std.length(std.sha1('a'))", 40, "This function is only supported in go version of jsonnet."),
    ("local [a, b] = [1, 2]; b", 2, 'expected token IDENTIFIER but got "["'),
    ("|||-\n  chomped\n|||", "syntax error", "chomped"),
    ("[1, 2, 3][-1:]", "type error: number out of bounds: -1", [3]),
    ("{ a: 'z' in super }", "no super found", {"a": False}),
    ("std.foldl(function(a, c) c + a, 'abc', '')", "type error: expected array, got string", "cba"),
    # the same function, another result
    ("std.toString(0.1)", "0.1", "0.10000000000000001"),
    ("std.endsWith('' + 1e100, '000')", True, False),
    ("'%i' % -3.5", "-4", "-3"),
    ("'%5s|' % 'é'", "   é|", "    é|"),
    ("std.base64('é')", "w6k=", "6Q=="),
    ("std.base64Decode('/w==')", "bad utf8", "ÿ"),
    ("std.decodeUTF8([255])", "bad utf8", "\N{REPLACEMENT CHARACTER}"),
    ("std.split('a', '')", ["", "a", ""], "std.split second parameter must have length 1 or greater, got 0"),
    ("std.manifestJsonMinified('\\u007f')", '"\x7f"', '"\\u007f"'),
    ("std.mantissa(10)", 0.6249999999999999, 0.625),
    # who notices
    ("1e400", "the result holds a number that JSON cannot write", "overflow"),
    ("std.char(55296)", "invalid unicode codepoint: 55296", "the result holds half of a surrogate pair"),
]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def result(repository: Path, program: str, engine: str) -> object:
    """The data, or the finding's message."""
    (repository / "test.jsonnet").write_text(program)
    variables = {"name": ("str", "é"), "list": ("code", "[1, 2]")}
    try:
        return evaluate("test.jsonnet", root=".", ext=variables, engine=engine).data
    except Findings as raised:
        return raised.findings[0].message.removeprefix("evaluation failed: ")


PROGRAMS = dict(part.split("\n", 1) for part in ("\n" + SAME).split("\n// ")[1:])


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_both_engines_give_the_same(repository: Path, program: str) -> None:
    found, reference = (result(repository, program, engine) for engine in ENGINES)
    assert repr(found) == repr(reference)  # also the type of every number
    assert isinstance(found, (list, dict))


@pytest.mark.parametrize(("program", "rjsonnet", "reference"), DIFFERENT, ids=[row[0] for row in DIFFERENT])
def test_known_differences(repository: Path, program: str, rjsonnet: object, reference: object) -> None:
    for engine, expected in zip(ENGINES, (rjsonnet, reference), strict=True):
        found = result(repository, program, engine)
        if isinstance(expected, str) and isinstance(found, str):
            assert found.startswith(expected)
        else:
            assert found == expected
