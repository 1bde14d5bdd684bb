-- A session in Neovim: its own client starts the server that docs/editors.md names, and what a user would see is
-- written down as JSON. PYFILTER_COMMAND starts pyfilter, PYFILTER_RULES is the file, PYFILTER_OUT where to write.
local seen = {}

local function session()
  local rules = vim.env.PYFILTER_RULES
  vim.opt.runtimepath:prepend(vim.env.PYFILTER_EDITOR)
  vim.cmd("filetype plugin on")
  vim.cmd("edit " .. vim.fn.fnameescape(rules))
  seen.filetype = vim.bo.filetype

  local client = vim.lsp.start_client({ name = "pyfilter", cmd = vim.split(vim.env.PYFILTER_COMMAND, " ") })
  vim.lsp.buf_attach_client(0, client)

  local function told(check)
    assert(vim.wait(10000, function() return check(vim.diagnostic.get(0)) end, 20), "nothing was told")
    return vim.diagnostic.get(0)
  end

  local function at(line, column)
    vim.api.nvim_win_set_cursor(0, { line, column })
  end

  local function ask(method)
    local params = vim.lsp.util.make_position_params(0, "utf-16")
    local answers = vim.lsp.buf_request_sync(0, method, params, 10000)
    return answers[client].result
  end

  -- columns are bytes in Neovim: the server counted UTF-16 units
  for _, problem in ipairs(told(function(found) return #found > 0 end)) do
    seen.problem = { problem.lnum, problem.col, problem.end_col, problem.code, problem.message }
  end

  at(2, 36) -- the misspelt word
  local range = vim.lsp.util.make_range_params(0, "utf-16")
  range.context = { diagnostics = {} }
  local actions = vim.lsp.buf_request_sync(0, "textDocument/codeAction", range, 10000)[client].result
  vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
  seen.gone = told(function(found) return #found == 0 end)
  seen.mended = vim.api.nvim_buf_get_lines(0, 1, 2, false)[1]

  at(2, 36)
  seen.hover = ask("textDocument/hover").contents.value

  at(3, 23) -- the hole in "lists/{list}"
  vim.lsp.buf.definition()
  assert(vim.wait(10000, function() return vim.api.nvim_win_get_cursor(0)[1] == 2 end, 20), "no jump")
  seen.jumped = vim.api.nvim_win_get_cursor(0)

  vim.api.nvim_buf_set_lines(0, 3, 3, false, { "    ma" })
  at(4, 5)
  vim.cmd("startinsert!")
  seen.offered = {}
  for _, offer in ipairs(ask("textDocument/completion").items) do
    table.insert(seen.offered, offer.label)
  end

  vim.lsp.stop_client(client)
end

local done, failure = xpcall(session, debug.traceback)
if not done then
  seen.failure = failure
end
vim.fn.writefile({ vim.json.encode(seen) }, vim.env.PYFILTER_OUT)
vim.cmd("qa!")
