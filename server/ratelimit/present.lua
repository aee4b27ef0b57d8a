-- Notes that an instance lives.
--
-- KEYS[1]  a sorted set: each instance with the Unix second it was last here
-- ARGV     the instance, for how many seconds it counts
-- returns  how many instances live
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]) * 1000)
return redis.call('ZCARD', KEYS[1])
