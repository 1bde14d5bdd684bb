" Settings for rule files of pyfilter.
if exists("b:did_ftplugin")
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s
setlocal comments=:#
setlocal formatoptions-=t formatoptions+=croql
setlocal expandtab shiftwidth=4 softtabstop=4
setlocal iskeyword+=-
setlocal suffixesadd=.rules

" :make lists all problems, :cnext goes from one to the next
setlocal makeprg=pyfilter\ check\ --output\ short\ %:S
setlocal errorformat=%f:%l:%c:\ %trror[%m,%f:%l:%c:\ %tarning[%m,%-G%.%#

let b:undo_ftplugin = "setlocal commentstring< comments< formatoptions< expandtab< shiftwidth< softtabstop<"
      \ . " iskeyword< suffixesadd< makeprg< errorformat<"
