" Rule files of pyfilter: the user's own, the system's, and *.rules that hold rules.
augroup filetypedetect
  autocmd BufNewFile,BufRead .pyfilterrc,pyfilterrc,*/.config/pyfilter/rules setfiletype pyfilter
  " udev has *.rules too: ours have a declaration at the left margin
  autocmd BufNewFile,BufRead *.rules
        \ if search('^\%(rule\|test\)[ \t]\+\%("[^"]*"\|\h[[:alnum:]_-]*\)\%([ \t]\+else\)\?[ \t]*{', 'nw') |
        \   set filetype=pyfilter |
        \ endif
augroup END
