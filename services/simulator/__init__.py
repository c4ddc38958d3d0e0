"""The upstream systems as one local server over a deterministic, seeded world.

For the demo, the self-test, the tests and the benchmarks: real sockets, real signatures, exact
numbers, and a truth to compare with. `world/` is pure; each folder of `upstreams/` renders that
world in the wire format of one system; `admin/` is what operators and checks ask (`/_world`,
`/_truth`, `/_clock`, `/_knobs`, `/_log`).
"""
