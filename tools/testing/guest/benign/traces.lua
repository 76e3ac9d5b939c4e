-- SPDX-License-Identifier: GPL-2.0
-- Many short hot loops, each different: LuaJIT compiles a trace for each and
-- switches its code area between writable and executable every time.
local total = 0
for i = 1, 40 do
	local f = assert(loadstring(
		("local n = 0 for k = 1, 200 do n = n + k %% %d end return n")
		:format(i)))
	total = total + f()
end
print("traces: " .. total .. " jit " .. tostring(jit.status()))
