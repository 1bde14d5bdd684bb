"""The Program: checked rules as plain data, ready to evaluate and to cache.

Only dict, tuple, frozenset, str, bytes, int, float, bool and None, so that
``marshal`` writes and loads it (a millisecond for a thousand rules) and the
engine needs no class of the language. ``lower`` makes it, the engine reads it.

Program (a dict)::

    format      FORMAT
    settings    {name: value}; every setting present, defaults filled in; sizes in bytes,
                durations in seconds, yes/no as bool, texts as str, several texts as tuple
    files       (name, ...) the rule files, as shown to a user
    lists       {name: (entries, path)}: entries a frozenset of texts in folded form,
                path None; or entries None and path what a Question asks for: of a file its path, which begins with
                "/" ("list"); of a program the seconds its entries hold, NUL, its arguments with NUL between ("lister")
    remembers   bool: does any rule ask `duplicate`? Only then deliveries are remembered
    rules       (bytes, ...) one marshalled *rule* for each top-level rule, loaded when it
                is a candidate: a delivery pays for the rules it asks, not for all
    index       which rules can match at all; see below
    excerpts    bytes: marshalled tuple of (line, text), the conditions as written;
                loaded only when a trace is wanted

Rule::

    (name, line, file number, condition or None, body, chain)

``line`` counts from 1. ``body`` is a tuple of statements in order as written, each an
action or a nested rule ``("rule", rule)``. ``chain``: of an `else` rule, how many rules right before it, beside it,
it follows; it is asked only if none of them matched, none of them unknown. 0: no `else`.

Action (``line`` and file number last)::

    ("file", kind, place, continues, line, file) file into; continues: `and continue`
    ("copy", kind, place, line, file)            copy into
    ("keep", continues, line, file)
    ("forward", addresses, continues, line, file)    addresses: (template, ...)
    ("copy-to", addresses, line, file)
    ("pipe", arguments, continues, line, file)   arguments: (template, ...), the program first, which has no holes
    ("pass", arguments, line, file)              pass through
    ("notify", arguments, line, file)
    ("reply", text, path, subject, every, line, file)
                                                 text: template; path: of the file that holds the text instead, else
                                                 None; subject: template, None for the usual; every: seconds
    ("discard", continues, line, file)
    ("stop", line, file)
    ("mark", flags, line, file)                  flags: Maildir letters, sorted ("FS")
    ("unmark", flags, line, file)
    ("add-header", name, template, line, file)   name as written
    ("set-header", name, template, line, file)
    ("remove-header", name, line, file)
    ("reject", template, line, file)
    ("defer", template, line, file)
    ("log", template, line, file)
    ("scan", scanner, line, file)                spamd or rspamd
    ("verify", "dkim", line, file)

``kind`` of a place is "folder", "inbox", "mbox" or "mh"; ``place`` a template, None for the inbox. The components of a
folder are joined with "/", already normalised (".Cron.DenyHosts/" is "Cron/DenyHosts"); of mbox and mh it is a path
that begins with "/" or "~/". A literal has passed every check.

`do NAME` has become the actions of NAME, `define` and `let` what they stand for, `include` the rules of the file.

Template: a str, or a tuple of parts, each a str or ("capture", name) or
("field", field key, format or None). A `let` is inserted when rules are checked.

Condition::

    ("and", c, ...)  ("or", c, ...)  ("not", c)  ("at-least", how many, c, ...)
    ("score", operator, threshold, ((points, c, excerpt), ...), excerpt)   points of the conditions that hold, in all
    ("not", TEST, True)                          the `not` stands in the relation (`is not`), and in the excerpt
    TEST = (relation, field key, operand, excerpt number, ...)
    ("exists",  key, None,                excerpt)
    ("is",      key, (frozenset, templates), excerpt, exactly)
    ("contains" | "starts" | "ends", key, (texts tuple, templates), excerpt, exactly)
    ("glob",    key, (glob, ...),         excerpt, exactly)
    ("regex",   key, ((pattern, literal or None, names), ...), excerpt, exactly)
    ("in",      key, (list names, frozenset of folded texts, templates), excerpt)
    ("command", "command", arguments,     excerpt)        arguments: (template, ...); does the program succeed?
    ("compare", key, (operator, number),  excerpt)        size; counts; points
    ("compare", key, (operator, key),     excerpt)        with another field of the same kind
    ("between", key, (low, high),         excerpt)
                 of moments: number is an operand, ("day", "YYYY-MM-DD", seconds more) or ("field", key, seconds more);
                 ("days", key, seconds more) is all of the day of that moment
    ("fails",   key, None,                excerpt)        dkim, spf, dmarc

`spam` alone and `dkim passes` are ("is", key, …) of "yes" and of "pass".

Literal texts are in the form they are compared in: ``fold`` (see language/forms.py) or,
with exactly, ``plain``. A condition that is certain when the rules are checked is not
simplified: the trace shows what was written.

Glob: made and matched by language/patterns.py, opaque to everybody else.

Field key: the field as a user writes it: "from", "from.domain", "subject", "list-id", "duplicate", "duplicate 604800"
(within so many seconds), "list-id.text", "size", "recipient.extension", "any-header", "header x-cron-env"
(header names in lower case).

Index (a dict)::

    always      (rule number, ...) rules that must be asked
    exact       {(field key, form): {text: (rule number, ...)}}
    part        {(field key, form): ((text, (rule number, ...)), ...)}

``form`` is "fold", "plain" (both language/forms.py) or "case" (a regex without `exactly`:
``plain(text).casefold()``, see patterns.regex); the text is already in that form. A rule is
asked if it stands in ``always``, or if a value of the field, in that form, equals (``exact``)
or contains (``part``) one of its texts. A guard is a *necessary*
condition of the rule's ``when``; asking only candidates changes no plan, which a
property test holds.
"""

from __future__ import annotations

FORMAT = 3

# what marshal can hold; written out where it is read
Program = dict[str, object]
