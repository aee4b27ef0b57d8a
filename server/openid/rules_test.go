package openid

import (
	"testing"

	"broker/ent/user"
)

// What the operator says of roles is read whole, or refused.
func TestParseRoles(t *testing.T) {
	t.Parallel()
	roles, err := ParseRoles(" a=owner, cn=b=Maintainer,c = viewer ")
	if err != nil || len(roles) != 3 || roles["a"] != user.RoleOWNER || roles["cn=b"] != user.RoleMAINTAINER || roles["c"] != user.RoleVIEWER {
		t.Errorf("%v %v", roles, err)
	}
	for _, bad := range []string{"a", "=owner", "a=boss", "a=owner,a=viewer", "a="} {
		if _, err := ParseRoles(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
