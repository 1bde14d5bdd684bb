" Writes the list that `:make` made of a rule file: type, line, column, text.
set nocompatible
execute "set runtimepath^=" . fnameescape($PYFILTER_EDITOR)
filetype plugin on
execute "edit " . fnameescape($PYFILTER_RULES)
silent! make!
call writefile(map(filter(getqflist(), "v:val.valid"), "join([v:val.type, v:val.lnum, v:val.col, v:val.text])"), $PYFILTER_OUT)
qa!
