"""Every code a diagnostic may bear: ``CODES[code] == (title, explanation)``.

``pyfilter explain CODE`` prints it. E1xx are errors of the syntax
(codes_syntax.py), E2xx errors and W3xx warnings of the checker
(codes_check.py, codes_actions.py, codes_declarations.py, codes_lint.py), E5xx problems of `test` blocks
(codes_trials.py). A code is never given a second meaning.
"""

from __future__ import annotations

from pyfilter.language.codes_actions import CODES_ACTIONS
from pyfilter.language.codes_check import CODES_CHECK
from pyfilter.language.codes_declarations import CODES_DECLARATIONS
from pyfilter.language.codes_lint import CODES_LINT
from pyfilter.language.codes_syntax import CODES_SYNTAX
from pyfilter.language.codes_trials import CODES_TRIALS

CODES: dict[str, tuple[str, str]] = {
    **CODES_SYNTAX,
    **CODES_CHECK,
    **CODES_ACTIONS,
    **CODES_DECLARATIONS,
    **CODES_LINT,
    **CODES_TRIALS,
}
