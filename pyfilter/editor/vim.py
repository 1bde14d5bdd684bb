"""The syntax file for Vim and Neovim, as text.

Items that are defined later win where several match at one place (Vim, `:help :syn-priority`),
so single words come first and what stands around them after. In the template below `@field@` stands for
the words of that class, `@_@` for the blanks between words, `@name@` for a name of the user's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyfilter.editor.classes import CLASSES, HEADER_VERBS

__all__ = ["vim"]

_BLANKS = r"[ \t]\+"

_TEMPLATE = r'''" Vim syntax of pyfilter's rules.
" Made by `python -m pyfilter.editor.grammars` from the vocabulary table. Do not edit by hand.
if exists("b:current_syntax")
  finish
endif
let s:options = &cpoptions
set cpoptions&vim

syntax case match
syntax iskeyword @,48-57,_,-,.,+
syntax sync minlines=200

" words
syntax match pyfilterValue "\<\%(@value@\)\>"
syntax match pyfilterCondition "\<\%(@condition@\)\>"
syntax match pyfilterField "\<\%(@field@\)\>"
syntax match pyfilterStatement "\<\%(@statement@\)\>"
syntax match pyfilterClause "\<\%(@clause@\)\>"
syntax match pyfilterRelation "\<\%(@relation@\)\>"
syntax match pyfilterAction "\<\%(@action@\)\>"
syntax match pyfilterRelation "<=\|>=\|==\|<\|>"

" words that something beside them makes another
syntax match pyfilterCondition "\<\%(any\|all\|none\)\>\ze[ \t]*{"
syntax match pyfilterRelation "\<is\%(@_@not\)\?\>" nextgroup=pyfilterValue skipwhite
syntax match pyfilterEquals "=" nextgroup=pyfilterValue skipwhite
syntax match pyfilterClause "\<\%(subject\|file\)\>\ze@_@\""
syntax match pyfilterField "\<\%(header\|environment\)\>\ze@_@\h" nextgroup=pyfilterHeader skipwhite
syntax match pyfilterAction "\<\%(@header-verb@\)\>" nextgroup=pyfilterHeader skipwhite
syntax match pyfilterHeader "@name@" contained

" numbers and their units
syntax match pyfilterNumber "\%(\k\)\@1<![-+]\?\d\+\%(\.\d\+\)\?" nextgroup=pyfilterUnit skipwhite
syntax match pyfilterUnit "\%(@unit@\)\>" contained
syntax match pyfilterNumber "\<\d\{4}-\d\d-\d\d\>"
syntax match pyfilterNumber "\<\d\{1,2}:\d\d\>"

" flags
syntax match pyfilterAction "\<\%(un\)\?mark\>" nextgroup=pyfilterFlag,pyfilterFlagAs skipwhite
syntax match pyfilterFlagAs "\<as\>" contained nextgroup=pyfilterFlag skipwhite
syntax match pyfilterFlag "\<\%(@flag@\)\>" contained nextgroup=pyfilterFlagComma skipwhite
syntax match pyfilterFlagComma "," contained nextgroup=pyfilterFlag skipwhite

" names
syntax match pyfilterRelation "\<\%(not@_@\)\?in\>" nextgroup=pyfilterName skipwhite
syntax match pyfilterAction "\<do\>" nextgroup=pyfilterName skipwhite
syntax match pyfilterStatement "\<\%(let\|define\|action\)\>" nextgroup=pyfilterName skipwhite
syntax match pyfilterName "@name@" contained
syntax match pyfilterStatement "\<list\>" nextgroup=pyfilterListName skipwhite
syntax match pyfilterListName "@name@" contained nextgroup=pyfilterListFrom skipwhite
syntax match pyfilterListFrom "\<from\>\%(@_@command\>\)\?" contained
syntax match pyfilterStatement "\<include\>" nextgroup=pyfilterShipped,pyfilterOptional skipwhite
syntax match pyfilterOptional "\<optional\>" contained nextgroup=pyfilterShipped skipwhite
syntax match pyfilterShipped "<[a-z0-9-]\+>" contained
syntax match pyfilterStatement "\<set\>\ze@_@\%(@setting@\)\>" nextgroup=pyfilterSetting skipwhite
syntax match pyfilterSetting "\%(@setting@\)\>" contained
syntax match pyfilterStatement "\<\%(rule\|test\)\>" nextgroup=pyfilterRuleName skipwhite
syntax match pyfilterRuleName "\"\%(\\.\|[^\"\\]\)*\"\|@name@" contained nextgroup=pyfilterElse skipwhite
syntax match pyfilterElse "\<else\>" contained

" texts
syntax match pyfilterEscape "\\[\"\\{}*?]" contained
syntax match pyfilterHole "{[^{}\"]*}" contained
syntax match pyfilterCapture "{[^{}\"]*}" contained
syntax match pyfilterWildcard "[*?]" contained
syntax region pyfilterString start=+"+ skip=+\\.+ end=+"+ oneline contains=pyfilterEscape,pyfilterHole
syntax region pyfilterString start=+"""+ end=+"""+ contains=pyfilterEscape,pyfilterHole
syntax match pyfilterClause "\<message\>\ze[ \t]*\"\"\"" nextgroup=pyfilterMessage skipwhite
syntax region pyfilterMessage start=+"""+ end=+"""+ contained

" patterns
syntax match pyfilterRelation "\<\%(does@_@not@_@match\|matches\)\>" nextgroup=pyfilterExactly,@pyfilterPattern skipwhite
syntax match pyfilterExactly "\<exactly\>" contained nextgroup=@pyfilterPattern skipwhite
syntax region pyfilterGlob start=+"+ skip=+\\.+ end=+"+ oneline contained contains=pyfilterEscape,pyfilterCapture,pyfilterWildcard nextgroup=pyfilterOr skipwhite
syntax region pyfilterRegex start=+/+ skip=+\\.+ end=+/[a-z]*+ oneline contained contains=pyfilterGroup nextgroup=pyfilterOr skipwhite
syntax match pyfilterGroup "(?P\?<\w\+>" contained
syntax match pyfilterOr ",\|\<or\>\ze[ \t]*[\"/]" contained nextgroup=@pyfilterPattern skipwhite
syntax cluster pyfilterPattern contains=pyfilterGlob,pyfilterRegex

syntax match pyfilterComment "#.*$" contains=@Spell

@links@

let b:current_syntax = "pyfilter"
let &cpoptions = s:options
unlet s:options
'''  # noqa: E501

# what stands in the template -> Vim's group for it (`:help group-name`)
_LINKS = {
    "Action": "Function",
    "Capture": "Special",
    "Clause": "Keyword",
    "Comment": "Comment",
    "Condition": "Conditional",
    "Else": "Statement",
    "Escape": "SpecialChar",
    "Exactly": "Operator",
    "Field": "Identifier",
    "Flag": "Constant",
    "FlagAs": "Keyword",
    "Glob": "String",
    "Group": "Special",
    "Header": "Special",
    "Hole": "Special",
    "ListFrom": "Keyword",
    "ListName": "Typedef",
    "Message": "String",
    "Name": "Typedef",
    "Number": "Number",
    "Optional": "Keyword",
    "Or": "Conditional",
    "Regex": "String",
    "Relation": "Operator",
    "RuleName": "Title",
    "Setting": "PreProc",
    "Shipped": "Include",
    "Statement": "Statement",
    "String": "String",
    "Unit": "Type",
    "Value": "Constant",
    "Wildcard": "SpecialChar",
}


def vim() -> str:
    text = _TEMPLATE
    for name, words in (*CLASSES.items(), ("header-verb", HEADER_VERBS)):
        text = text.replace(f"@{name}@", _any(words))
    links = "\n".join(f"highlight default link pyfilter{name} {group}" for name, group in _LINKS.items())
    return text.replace("@links@", links).replace("@name@", r"\h[[:alnum:]_-]*").replace("@_@", _BLANKS)


def _any(words: Iterable[str]) -> str:
    """Any of the words, the longest first; a phrase may have several blanks."""
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return r"\|".join(
        "@_@".join(re.sub(r"([.*~\[\]\\^$/])", r"\\\1", piece) for piece in word.split()) for word in ordered
    )
