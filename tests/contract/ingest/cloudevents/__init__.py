"""The corner cases of CloudEvents 1.0.2 as a table: what a sender writes, what comes of it, and where that is said.

Sections: `core` is the specification itself, `json` its JSON format, `http` and `kafka` its bindings. Where a case is
also among the inputs of a project of the CNCF, `after` names it: `conformance` (format/json and features), `sdk-go`
(v2: event, types), `sdk-javascript` (test/integration). The cases are told in our own words, on an event of ours.
"""
