-- Pauses an agent for a reason, or (no reason) ends his pause; the same pause again goes on.
-- KEYS: agents  ARGV: name, reason
local agent = read_agent(KEYS[1], ARGV[1])
if agent.reason ~= ARGV[2] then
  agent.reason, agent.paused_at = ARGV[2], ARGV[2] == '' and 0 or now_ms()
  write_agent(KEYS[1], ARGV[1], agent)
end
return 'OK'
