-- Claims free agents for a call in the order given; those it has already are claimed again.
-- KEYS: agents  ARGV: call id, most, names …  Gives: the claimed
local id, most, now = ARGV[1], whole(ARGV[2]), now_ms()
local claimed, seen = {}, {}
for at = 3, #ARGV do
  local name = ARGV[at]
  local agent = read_agent(KEYS[1], name)
  if #claimed < most and not seen[name] and (agent_is_free(agent, now) or agent.call == id) then
    if agent.call ~= id then
      agent.call, agent.claimed_at = id, now
    end
    write_agent(KEYS[1], name, agent)
    claimed[#claimed + 1] = name
  end
  seen[name] = true
end
return claimed
