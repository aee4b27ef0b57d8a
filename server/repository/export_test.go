package repository

// Outbound is for tests.
var Outbound = outbound
