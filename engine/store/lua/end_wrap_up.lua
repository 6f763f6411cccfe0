-- Lets an agent's wrap-up time be over.
-- KEYS: agents  ARGV: name
local agent, now = read_agent(KEYS[1], ARGV[1]), now_ms()
if agent.idle_since > now then
  agent.idle_since = now
  write_agent(KEYS[1], ARGV[1], agent)
end
return 'OK'
