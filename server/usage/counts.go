package usage

// column is one of the numbers that are counted, wherever they are.
type column int

const (
	requests column = iota
	documents
	notModified
	downloads
	installs
	bytesSent
	refused // the sum of those below
	refusedLimit
	refusedPackage
	refusedPermission
	refusedNetwork
	refusedEnded
	columnCount
)

// columns are the names of the numbers in the tables.
var columns = [columnCount]string{
	"requests", "metadata", "not_modified", "downloads", "installs", "bytes",
	"refused", "refused_limit", "refused_package", "refused_permission", "refused_network", "refused_ended",
}

// counts are the numbers of one row.
type counts [columnCount]int64

// count adds what was done so many times, with so many bytes in all.
func (c *counts) count(kind Kind, reason Reason, times, bytes int64) {
	c[bytesSent] += bytes
	if kind != Installed {
		c[requests] += times
	}
	switch kind {
	case Metadata:
		c[documents] += times
	case NotModified:
		c[notModified] += times
	case Downloaded:
		c[downloads] += times
	case Installed:
		c[installs] += times
	case Refused:
		c[refused] += times
		c[refusedFor(reason)] += times
	}
}

func refusedFor(r Reason) column {
	switch r {
	case ByLimit:
		return refusedLimit
	case ByPackage:
		return refusedPackage
	case ByNetwork:
		return refusedNetwork
	case Ended:
		return refusedEnded
	default:
		return refusedPermission
	}
}

func (c *counts) plus(o *counts) {
	for i := range c {
		c[i] += o[i]
	}
}
