package git

// faults are what git, and ssh, say of a network's faults, and what that means for people; the first that is said counts.
var faults = []struct{ words, means string }{
	{"Could not resolve host", "there is no host of this name: check the address, and the DNS of this server"},
	{"Connection refused", "the git host refuses the connection: check the address and its port, and whether the host runs"},
	{"Couldn't connect to server", "the git host cannot be connected to: check the address and its port, and whether the host runs"},
	{"No route to host", "this server's network has no way to the git host: check its routes and firewalls"},
	{"Network is unreachable", "this server's network has no way to the git host: check its routes and firewalls"},
	{"timed out", "the git host does not answer in time: try again, and check whether a firewall is between"},
	{"Operation too slow", "the git host sends too slowly: try again"},
	{"certificate has expired", "the certificate of the git host has expired: its operator renews it"},
	{"unable to get local issuer certificate", "the certificate of the git host is of an authority that this server does not trust: add it to the file that SSL_CERT_FILE names"},
	{"self-signed certificate", "the certificate of the git host is of an authority that this server does not trust: add it to the file that SSL_CERT_FILE names"},
	{"certificate verification failed", "the certificate of the git host is of an authority that this server does not trust: add it to the file that SSL_CERT_FILE names"},
	{"no alternative certificate subject name", "the certificate of the git host is for another name: check the address"},
	{"An unexpected TLS packet was received", "the git host does not speak https there: check the address and its port"},
	{"wrong version number", "the git host does not speak https there: check the address and its port"},
	{"Connection reset by peer", "the git host broke the connection off: try again"},
	{"Empty reply from server", "the git host broke the connection off: try again"},
	{"Connection closed by", "the git host broke the connection off: try again"},
	{"returned error: 429", "the git host wants not to be asked so often: it is asked again later"},
	{"returned error: 5", "the git host has a fault of its own: try again later"},
	{"the remote end hung up unexpectedly", "the git host broke the connection off: try again"},
	{"early EOF", "the git host broke the connection off: try again"},
}
