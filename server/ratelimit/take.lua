-- Decides and counts in one step; the rules are those of window.go.
--
-- KEYS[1]  the token's counts, a hash: w is the hour since the Unix epoch, c what was admitted in it, p in the one before
-- ARGV     limit, the least and the most to grant, what the instance knows (hour, c, p), what it admitted by itself (hour, c, p)
-- returns  how many are granted, hour, c, p, the time in Unix seconds
local W = 3600
local now = tonumber(redis.call('TIME')[1])
local limit, least, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('HMGET', KEYS[1], 'w', 'c', 'p')
local w = tonumber(stored[1] or 0)
local hour = math.max(math.floor(now / W), w)

-- A window as it is seen from this hour.
local function seen(w, c, p)
  w, c, p = tonumber(w or 0), tonumber(c or 0), tonumber(p or 0)
  if w >= hour then return c, p end
  if w == hour - 1 then return 0, c end
  return 0, 0
end

local c, p = seen(stored[1], stored[2], stored[3])
local known_c, known_p = seen(ARGV[4], ARGV[5], ARGV[6])
local own_c, own_p = seen(ARGV[7], ARGV[8], ARGV[9])
c = math.max(c, known_c) + own_c
p = math.max(p, known_p) + own_p

local into = math.min(math.max(now - hour * W, 0), W - 1)
local room = limit - c - math.ceil(p * (W - into) / W)
local granted = 0
if room > 0 and room >= least then granted = math.min(room, most) end
c = c + granted
if granted + own_c + own_p > 0 then
  redis.call('HSET', KEYS[1], 'w', hour, 'c', c, 'p', p)
  redis.call('PEXPIRE', KEYS[1], 2 * W * 1000)
end
return {granted, hour, c, p, now}
