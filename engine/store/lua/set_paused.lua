-- Pauses an agent or ends his pause.
-- KEYS: agents  ARGV: name, 0 or 1
local agent = read_agent(KEYS[1], ARGV[1])
agent.paused = ARGV[2]
write_agent(KEYS[1], ARGV[1], agent)
return 'OK'
