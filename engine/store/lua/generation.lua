-- The id of the store's data, made when first asked.
-- KEYS: generation  ARGV: a fresh id  Gives: the id
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
