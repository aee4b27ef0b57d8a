package ent

// IsViewer makes a user a member of the API's union Viewer: who is asking.
func (*User) IsViewer() {}

// IsViewer makes a token a member of the API's union Viewer.
func (*Token) IsViewer() {}
