package metadata

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
)

// filled puts what a version is into an address, as Composer does with those of archives and of mirrors (Composer's
// Util\ComposerMirror).
func filled(address string, v *Version, d Dist) string {
	if !strings.Contains(address, "%") {
		return address
	}
	reference, normalized := d.Reference, v.Normalized
	if reference != "%reference%" && strings.Trim(reference, "0123456789abcdef") != "" {
		reference = md5Hex(reference)
	}
	if strings.Contains(normalized, "/") {
		normalized = md5Hex(normalized)
	}
	return strings.NewReplacer("%package%", v.Name, "%version%", normalized, "%reference%", reference, "%type%", d.Type,
		"%prettyVersion%", v.Version).Replace(address)
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
