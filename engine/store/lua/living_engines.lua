-- The engines whose lease has not run out.
-- KEYS: engines  Gives: their names
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. text(now_ms()), '+inf')
