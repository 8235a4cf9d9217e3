"""`python -m dragoman` is the console script."""

import sys

from dragoman.cli import main

sys.exit(main())
