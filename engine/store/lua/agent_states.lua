-- How agents stand now.
-- KEYS: agents  ARGV: names …  Gives: for each: free, idle since, paused at, why, claimed at, call
local states, now = {}, now_ms()
for at, name in ipairs(ARGV) do
  local agent = read_agent(KEYS[1], name)
  local free = agent_is_free(agent, now) and '1' or '0'
  states[at] = {
    free, text(agent.idle_since), text(agent.paused_at), agent.reason, text(agent.claimed_at),
    agent.call,
  }
end
return states
