" Vim syntax of pyfilter's rules.
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
syntax match pyfilterValue "\<\%(last-good\|maildir++\|permerror\|temperror\|wednesday\|saturday\|softfail\|thursday\|headers\|neutral\|tuesday\|friday\|monday\|policy\|rspamd\|sunday\|defer\|inbox\|spamd\|fail\|file\|full\|mbox\|none\|pass\|yes\|fs\|mh\|no\)\>"
syntax match pyfilterCondition "\<\%(at[ \t]\+least\|none\|all\|and\|any\|not\|or\)\>"
syntax match pyfilterField "\<\%(recipient\.extension\|reply-to\.extension\|to-or-cc\.extension\|recipient\.address\|recipient\.domain\|reply-to\.address\|sender\.extension\|to-or-cc\.address\|attachment\.name\|attachment\.size\|attachment\.type\|recipient\.local\|reply-to\.domain\|to-or-cc\.domain\|from\.extension\|reply-to\.count\|reply-to\.local\|sender\.address\|spam\.threshold\|to-or-cc\.count\|to-or-cc\.local\|bcc\.extension\|reply-to\.name\|reply-to\.text\|sender\.domain\|to-or-cc\.name\|to-or-cc\.text\|cc\.extension\|from\.address\|list-id\.text\|sender\.local\|to\.extension\|attachments\|bcc\.address\|destination\|dkim\.domain\|environment\|from\.domain\|headers\.raw\|message\.raw\|today\.month\|any-header\|attachment\|bcc\.domain\|cc\.address\|date\.month\|from\.count\|from\.local\|message-id\|spam\.score\|spam\.tests\|to\.address\|today\.year\|bcc\.count\|bcc\.local\|body\.html\|cc\.domain\|date\.year\|duplicate\|from\.name\|from\.text\|now\.month\|recipient\|to\.domain\|today\.day\|bcc\.name\|bcc\.text\|body\.raw\|cc\.count\|cc\.local\|date\.day\|now\.year\|reply-to\|to-or-cc\|to\.count\|to\.local\|cc\.name\|cc\.text\|command\|list-id\|now\.day\|subject\|to\.name\|to\.text\|weekday\|header\|sender\|thread\|dmarc\|today\|body\|bulk\|date\|dkim\|from\|size\|spam\|time\|age\|bcc\|now\|spf\|cc\|to\)\>"
syntax match pyfilterStatement "\<\%(include\|action\|define\|else\|list\|rule\|test\|when\|let\|set\)\>"
syntax match pyfilterClause "\<\%(and[ \t]\+continue\|optional\|message\|expect\|every\|given\|score\|with\|as\|by\|if\|of\)\>"
syntax match pyfilterRelation "\<\%(does[ \t]\+not[ \t]\+start[ \t]\+with\|does[ \t]\+not[ \t]\+end[ \t]\+with\|does[ \t]\+not[ \t]\+contain\|does[ \t]\+not[ \t]\+exist\|does[ \t]\+not[ \t]\+match\|starts[ \t]\+with\|ends[ \t]\+with\|contains\|succeeds\|between\|exactly\|matches\|exists\|is[ \t]\+not\|not[ \t]\+in\|passes\|within\|fails\|in\|is\)\>"
syntax match pyfilterAction "\<\%(remove[ \t]\+header\|pass[ \t]\+through\|add[ \t]\+header\|forward[ \t]\+to\|set[ \t]\+header\|copy[ \t]\+into\|file[ \t]\+into\|copy[ \t]\+to\|discard\|pipe[ \t]\+to\|notify\|reject\|unmark\|verify\|defer\|reply\|keep\|mark\|scan\|stop\|log\|do\)\>"
syntax match pyfilterRelation "<=\|>=\|==\|<\|>"

" words that something beside them makes another
syntax match pyfilterCondition "\<\%(any\|all\|none\)\>\ze[ \t]*{"
syntax match pyfilterRelation "\<is\%([ \t]\+not\)\?\>" nextgroup=pyfilterValue skipwhite
syntax match pyfilterEquals "=" nextgroup=pyfilterValue skipwhite
syntax match pyfilterClause "\<\%(subject\|file\)\>\ze[ \t]\+\""
syntax match pyfilterField "\<\%(header\|environment\)\>\ze[ \t]\+\h" nextgroup=pyfilterHeader skipwhite
syntax match pyfilterAction "\<\%(remove[ \t]\+header\|add[ \t]\+header\|set[ \t]\+header\)\>" nextgroup=pyfilterHeader skipwhite
syntax match pyfilterHeader "\h[[:alnum:]_-]*" contained

" numbers and their units
syntax match pyfilterNumber "\%(\k\)\@1<![-+]\?\d\+\%(\.\d\+\)\?" nextgroup=pyfilterUnit skipwhite
syntax match pyfilterUnit "\%(minutes\|seconds\|minute\|months\|second\|hours\|month\|weeks\|years\|days\|hour\|week\|year\|GiB\|KiB\|MiB\|day\|GB\|MB\|kB\)\>" contained
syntax match pyfilterNumber "\<\d\{4}-\d\d-\d\d\>"
syntax match pyfilterNumber "\<\d\{1,2}:\d\d\>"

" flags
syntax match pyfilterAction "\<\%(un\)\?mark\>" nextgroup=pyfilterFlag,pyfilterFlagAs skipwhite
syntax match pyfilterFlagAs "\<as\>" contained nextgroup=pyfilterFlag skipwhite
syntax match pyfilterFlag "\<\%(answered\|flagged\|starred\|draft\|read\|seen\)\>" contained nextgroup=pyfilterFlagComma skipwhite
syntax match pyfilterFlagComma "," contained nextgroup=pyfilterFlag skipwhite

" names
syntax match pyfilterRelation "\<\%(not[ \t]\+\)\?in\>" nextgroup=pyfilterName skipwhite
syntax match pyfilterAction "\<do\>" nextgroup=pyfilterName skipwhite
syntax match pyfilterStatement "\<\%(let\|define\|action\)\>" nextgroup=pyfilterName skipwhite
syntax match pyfilterName "\h[[:alnum:]_-]*" contained
syntax match pyfilterStatement "\<list\>" nextgroup=pyfilterListName skipwhite
syntax match pyfilterListName "\h[[:alnum:]_-]*" contained nextgroup=pyfilterListFrom skipwhite
syntax match pyfilterListFrom "\<from\>\%([ \t]\+command\>\)\?" contained
syntax match pyfilterStatement "\<include\>" nextgroup=pyfilterShipped,pyfilterOptional skipwhite
syntax match pyfilterOptional "\<optional\>" contained nextgroup=pyfilterShipped skipwhite
syntax match pyfilterShipped "<[a-z0-9-]\+>" contained
syntax match pyfilterStatement "\<set\>\ze[ \t]\+\%(spamd\.certificates\|trusted-authserv\|rspamd\.max-size\|rspamd\.required\|allow-commands\|create-folders\|rspamd\.address\|rspamd\.timeout\|spamd\.compress\|spamd\.max-size\|spamd\.required\|max-redirects\|spamd\.address\|spamd\.timeout\|broken-rules\|from-address\|trusted-hops\|spam\.source\|spamd\.user\|subscribe\|deadline\|sendmail\|durable\|maildir\|layout\|log\)\>" nextgroup=pyfilterSetting skipwhite
syntax match pyfilterSetting "\%(spamd\.certificates\|trusted-authserv\|rspamd\.max-size\|rspamd\.required\|allow-commands\|create-folders\|rspamd\.address\|rspamd\.timeout\|spamd\.compress\|spamd\.max-size\|spamd\.required\|max-redirects\|spamd\.address\|spamd\.timeout\|broken-rules\|from-address\|trusted-hops\|spam\.source\|spamd\.user\|subscribe\|deadline\|sendmail\|durable\|maildir\|layout\|log\)\>" contained
syntax match pyfilterStatement "\<\%(rule\|test\)\>" nextgroup=pyfilterRuleName skipwhite
syntax match pyfilterRuleName "\"\%(\\.\|[^\"\\]\)*\"\|\h[[:alnum:]_-]*" contained nextgroup=pyfilterElse skipwhite
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
syntax match pyfilterRelation "\<\%(does[ \t]\+not[ \t]\+match\|matches\)\>" nextgroup=pyfilterExactly,@pyfilterPattern skipwhite
syntax match pyfilterExactly "\<exactly\>" contained nextgroup=@pyfilterPattern skipwhite
syntax region pyfilterGlob start=+"+ skip=+\\.+ end=+"+ oneline contained contains=pyfilterEscape,pyfilterCapture,pyfilterWildcard nextgroup=pyfilterOr skipwhite
syntax region pyfilterRegex start=+/+ skip=+\\.+ end=+/[a-z]*+ oneline contained contains=pyfilterGroup nextgroup=pyfilterOr skipwhite
syntax match pyfilterGroup "(?P\?<\w\+>" contained
syntax match pyfilterOr ",\|\<or\>\ze[ \t]*[\"/]" contained nextgroup=@pyfilterPattern skipwhite
syntax cluster pyfilterPattern contains=pyfilterGlob,pyfilterRegex

syntax match pyfilterComment "#.*$" contains=@Spell

highlight default link pyfilterAction Function
highlight default link pyfilterCapture Special
highlight default link pyfilterClause Keyword
highlight default link pyfilterComment Comment
highlight default link pyfilterCondition Conditional
highlight default link pyfilterElse Statement
highlight default link pyfilterEscape SpecialChar
highlight default link pyfilterExactly Operator
highlight default link pyfilterField Identifier
highlight default link pyfilterFlag Constant
highlight default link pyfilterFlagAs Keyword
highlight default link pyfilterGlob String
highlight default link pyfilterGroup Special
highlight default link pyfilterHeader Special
highlight default link pyfilterHole Special
highlight default link pyfilterListFrom Keyword
highlight default link pyfilterListName Typedef
highlight default link pyfilterMessage String
highlight default link pyfilterName Typedef
highlight default link pyfilterNumber Number
highlight default link pyfilterOptional Keyword
highlight default link pyfilterOr Conditional
highlight default link pyfilterRegex String
highlight default link pyfilterRelation Operator
highlight default link pyfilterRuleName Title
highlight default link pyfilterSetting PreProc
highlight default link pyfilterShipped Include
highlight default link pyfilterStatement Statement
highlight default link pyfilterString String
highlight default link pyfilterUnit Type
highlight default link pyfilterValue Constant
highlight default link pyfilterWildcard SpecialChar

let b:current_syntax = "pyfilter"
let &cpoptions = s:options
unlet s:options
