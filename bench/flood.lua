-- wrk script: every connection sends one of a file's requests (as replay.lua reads them), all at once; and again half a second to one and
-- a half after its answer, about what a `Retry-After: 1` asks for. Prints how many answers had which status.

local requests, turn, sent = {}, 0, 0
local threads = {}
answers = ""  -- global: done() reads it from outside
local counts = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, _, body = line:match("^(%S+)\t(%S+)\t([^\t]*)\t([^\t]*)\t")
    requests[#requests + 1] = wrk.format(method, path, {["Content-Type"] = "application/json"}, body)
  end
end

function delay()
  sent = sent + 1
  return sent > #requests and math.random(500, 1500) or 0
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function response(status)
  counts[status] = (counts[status] or 0) + 1
  answers = ""
  for each, count in pairs(counts) do answers = answers .. string.format('%s"%d": %d', answers == "" and "" or ", ", each, count) end
end

function done(summary)
  io.write(string.format('RESULT {%s}\n', threads[1]:get("answers")))
end
