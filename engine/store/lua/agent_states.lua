-- How agents stand now.
-- KEYS: agents  ARGV: names …  Gives: for each whether free, whether paused, idle since, call
local states, now = {}, now_ms()
for at, name in ipairs(ARGV) do
  local agent = read_agent(KEYS[1], name)
  local free = agent_is_free(agent, now) and '1' or '0'
  states[at] = {free, agent.paused, text(agent.idle_since), agent.call}
end
return states
