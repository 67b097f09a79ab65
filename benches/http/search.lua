-- Load for `cogo serve`: different questions, so that nothing is answered from memory.
--
--     wrk -t1 -c16 -d10s --latency -s benches/http/search.lua http://127.0.0.1:7700
local words = {
  "session","cookie","retry","request","token","parse","header","config","index","cache","queue","worker","thread","lock","socket","client","server","stream","buffer","error","timeout","schema",
  "column", "query","commit","branch","merge","diff","path","file","image","color","event","signal","timer","hash","tree","node","edge","graph"}
math.randomseed(os.time())
local function w() return words[math.random(#words)] end
local forms = {
  function() return "how is the " .. w() .. " of a " .. w() .. " handled" end,
  function() return w() .. " " .. w() end,
  function() return "where is " .. w() .. "_" .. w() .. " defined" end,
}
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
request = function()
  local q = forms[math.random(#forms)]()
  return wrk.format(nil, "/v1/search", nil, '{"query": "' .. q .. '", "limit": 10}')
end
