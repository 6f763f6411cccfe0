-- Gives an agent back whom this very call has claimed.
-- KEYS: agents  ARGV: name, call id, wrap_up_ms
local agent = read_agent(KEYS[1], ARGV[1])
if agent.call == ARGV[2] then
  agent.call, agent.claimed_at, agent.idle_since = '', 0, now_ms() + whole(ARGV[3])
  write_agent(KEYS[1], ARGV[1], agent)
end
return 'OK'
