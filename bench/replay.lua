-- wrk script: sends the visits of a file over and over, and prints the result as JSON.
-- A line is a request: METHOD, PATH, headers (name=value, joined by "|"), body, the kind under which
-- its latency is told, and what it takes from the answer (name=member or name=:header), separated by
-- tabs. A visit is lines up to an empty one: made in their order, each after the answer to the last.
-- "<name>" in a path, a header or a body stands for what was taken, or for the connection's own value:
-- a line "@", name, values. With any of these each thread must have one connection only.
-- Further arguments: milliseconds of thinking before a request.

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, nanoseconds; } moment; int clock_gettime(int, moment *);")
local now_is = ffi.new("moment")

local threads, visits, own, known = {}, {}, {}, {}
local visit, step, waiting, begun, thinking = 0, 0, false, 0, 0
-- Globals for `done`, which gets flat tables only: names of kinds, and kind and microseconds of each
-- answer in turn (negative: refused).
kinds, answers = {}, {}

local function split(text, separator)
  local parts = {}
  for part in (text .. separator):gmatch("([^" .. separator .. "]*)" .. separator) do
    parts[#parts + 1] = part
  end
  return parts
end

local function microseconds()
  ffi.C.clock_gettime(1, now_is)
  return tonumber(now_is.seconds) * 1e6 + tonumber(now_is.nanoseconds) / 1e3
end

local function filled(text)
  return (text:gsub("<(%w+)>", known))
end

local function kind_number(name)
  for number, kind in ipairs(kinds) do
    if kind == name then return number end
  end
  kinds[#kinds + 1] = name
  return #kinds
end

local function parse(line)
  local method, path, head, body, kind, takes = unpack(split(line, "\t"))
  local one = { method = method, path = path, headers = {}, body = body ~= "" and body or nil }
  for name, value in head:gmatch("([^=|]+)=([^|]+)") do one.headers[name] = value end
  one.kind, one.takes = kind_number(kind), {}
  for name, what in takes:gmatch("([^=|]+)=([^|]+)") do one.takes[name] = what end
  one.fixed = not (path .. head .. body):find("<%w+>")
  return one
end

local function read(file)
  local walks, new = false, true
  for line in io.lines(file) do
    if line == "" then
      new = true
    elseif line:sub(1, 1) == "@" then
      local parts = split(line, "\t")
      own[parts[2]], walks = { unpack(parts, 3) }, true
    else
      if new then visits[#visits + 1], new = {}, false end
      local one = parse(line)
      table.insert(visits[#visits], one)
      walks = walks or kinds[one.kind] ~= ""
    end
  end
  return walks
end

function setup(thread)
  thread:set("number", #threads)
  threads[#threads + 1] = thread
end

local function made(one)
  if one.text then return one.text end
  local headers = {}
  for name, value in pairs(one.headers) do headers[name] = filled(value) end
  local text = wrk.format(one.method, filled(one.path), headers, one.body and filled(one.body))
  if one.fixed then one.text = text end
  return text
end

local function next_visit()
  visit, step = visit % #visits + 1, 1
  for name, values in pairs(own) do
    -- What was taken from an answer stays: a refresh token is good only once.
    known[name] = known[name] or values[number % #values + 1]
  end
end

local function send_next_step()
  if waiting or step == 0 or step >= #visits[visit] then next_visit() else step = step + 1 end
  waiting, begun = true, microseconds()
  return made(visits[visit][step])
end

local function take(one, headers, body)
  for name, what in pairs(one.takes) do
    if what:sub(1, 1) == ":" then
      for header, value in pairs(headers) do
        if header:lower() == what:sub(2):lower() then known[name] = value end
      end
    else
      known[name] = body:match('"' .. what .. '": ?"([^"]+)"')
    end
  end
end

local function hear(status, headers, body)
  local one, took = visits[visit][step], microseconds() - begun
  local good = status < 400 and status ~= 202 -- 202: an order that is not placed yet
  answers[#answers + 1] = one.kind
  answers[#answers + 1] = good and took or -took
  waiting = false
  if not good then
    step = #visits[visit] -- the rest of the visit makes no sense
  else
    take(one, headers, body)
  end
end

function init(arguments)
  local walks = read(arguments[1])
  thinking = tonumber(arguments[2] or "0")
  if walks then
    visit = math.floor(number * #visits / 64) % #visits -- not all connections alike
    request, response = send_next_step, hear
  elseif #visits == 1 and #visits[1] == 1 then
    local only = visits[1][1] -- wrk is fastest with a request that never changes
    wrk.method, wrk.path, wrk.body = only.method, only.path, only.body
    for name, value in pairs(only.headers) do wrk.headers[name] = value end
  else
    request = function() next_visit(); return made(visits[visit][1]) end
  end
  if thinking > 0 then
    math.randomseed(number + 1)
    delay = function() return math.random(0, 2 * thinking) end
  end
end

local function percentiles(sorted)
  local function at(share) return sorted[math.max(1, math.ceil(share * #sorted))] / 1000 end
  return string.format(
    '"p50_ms": %.3f, "p90_ms": %.3f, "p99_ms": %.3f, "p999_ms": %.3f, "max_ms": %.3f',
    at(0.5), at(0.9), at(0.99), at(0.999), at(1))
end

local function of_kinds()
  local names, times, refused, told = threads[1]:get("kinds"), {}, {}, {}
  for number in ipairs(names) do times[number], refused[number] = {}, 0 end
  for _, thread in ipairs(threads) do
    local heard = thread:get("answers")
    for place = 1, #heard, 2 do
      local kind, took = heard[place], heard[place + 1]
      table.insert(times[kind], math.abs(took))
      if took < 0 then refused[kind] = refused[kind] + 1 end
    end
  end
  for number, name in ipairs(names) do
    table.sort(times[number])
    if #times[number] > 0 then
      told[#told + 1] = string.format('"%s": {"requests": %d, "refused": %d, %s}',
        name, #times[number], refused[number], percentiles(times[number]))
    end
  end
  return "{" .. table.concat(told, ", ") .. "}"
end

function done(summary, latency)
  local e = summary.errors
  local function at(percent) return latency:percentile(percent) / 1000 end
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.3f, "refused": %d, "broken": %d, "p50_ms": %.3f, '
      .. '"p90_ms": %.3f, "p99_ms": %.3f, "p999_ms": %.3f, "max_ms": %.3f, "kinds": %s}\n',
    summary.requests, summary.duration / 1e6, e.status,
    e.connect + e.read + e.write + e.timeout,
    at(50), at(90), at(99), at(99.9), latency.max / 1000,
    of_kinds()))
end
