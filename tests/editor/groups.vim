" Writes the syntax groups of a file, a row for each run: line from 0, first byte, the one behind the last, group.
set nocompatible
set encoding=utf-8
execute "set runtimepath^=" . fnameescape($PYFILTER_EDITOR)
filetype plugin on
syntax on
execute "edit " . fnameescape($PYFILTER_RULES)
let s:out = [&filetype]
for s:line in range(1, line("$"))
  let s:column = 1
  while s:column <= len(getline(s:line))
    let s:start = s:column
    let s:name = synIDattr(synID(s:line, s:column, 1), "name")
    while s:column <= len(getline(s:line)) && synIDattr(synID(s:line, s:column, 1), "name") ==# s:name
      let s:column += 1
    endwhile
    call add(s:out, join([s:line - 1, s:start - 1, s:column - 1, s:name], " "))
  endwhile
endfor
call writefile(s:out, $PYFILTER_OUT)
qa!
