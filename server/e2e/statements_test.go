package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// own says that a subtest of TestStatements holds a statement: one whose name begins with its number.
const own = "here"

// statements are what Composer clients from 2.0 to 2.10 need of a server, one by one, with the tests that hold each; as
// folder.Test below server. They were found by running those clients; what a client newer than Debian's does is held at the
// level of the bytes.
var statements = []struct {
	number int
	says   string
	heldBy []string
}{
	{1, "packages.json has a metadata-url that begins with a slash or is absolute, as a server has a host of its own", []string{own}},
	{2, "no package is inlined beside metadata-url", []string{own}},
	{3, "the address of advisories is absolute", []string{own, "e2e.TestComposerAuditTellsOfAdvisories"}},
	{4, "each warning and info has a message and versions, and no tag of the terminal's", []string{"composer.TestEndingTokenIsAnnounced", "e2e.TestHostileTextsReachNoTerminal", "e2e.TestASourceOutageIsTold"}},
	{5, "Composer 1 alone is told to upgrade", []string{own}},
	{6, "bad credentials are 401, and Composer prints why", []string{"e2e.TestComposerPrintsWhyItIsRefused"}},
	{7, "what only this server has is not asked for elsewhere, and what a token may not have is not asked for here", []string{"e2e.TestComposerPrintsWhyItIsRefused"}},
	{8, "a repository without packages is one", []string{own}},
	{9, "a document has the lower-case name, whatever the package calls itself", []string{own, "e2e.TestRequireAndInstallWhileTheUpstreamIsOff"}},
	{10, "names that no package can have are 404, and end no run", []string{own, "server.TestNearlyRightAddressesAreNotThere"}},
	{11, "a package with branches alone says that its stability is in the way", []string{own}},
	{12, "a package without branches updates under minimum-stability dev", []string{own}},
	{13, "branch aliases are carried along", []string{"e2e.TestBranchesOfAllNamesInstall"}},
	{14, "one branch is the default one", []string{own}},
	{15, "abandoned packages are told, with their replacement", []string{"e2e.TestAbandonedPackagesAreTold"}},
	{16, "a metapackage installs without an archive, and is counted", []string{own, "e2e.TestInstallationsAreCounted", "composer.TestMetapackagesAreCounted"}},
	{17, "a dist has a type and an address, a source has a reference", []string{own, "metadata.TestBadVersionIsLeftOutAlone"}},
	{18, "a version that Composer would stop at is left out, the others are served", []string{own, "e2e.TestPackageWithBrokenVersionInstalls", "metadata.TestBadVersionIsLeftOutAlone"}},
	{19, "text outside of ASCII arrives, and none that is no text", []string{"e2e.TestShowAndSearch", "metadata.TestTextIsWellFormed"}},
	{20, "branches of all names install", []string{own, "e2e.TestBranchesOfAllNamesInstall"}},
	{21, "two thousand versions are less than 100 KiB on the wire", []string{own}},
	{22, "minified documents expand in Composer to what they were made of", []string{"metadata.TestRenderedDocumentExpandsInComposer", "metadata.TestMinifiedDocumentIsExpanded"}},
	{23, "installations are told to this server alone", []string{own, "metadata.TestRenderTiesVersionsToThisServer"}},
	{24, "documents have advisories where packages.json says so", []string{own}},
	{25, "published-time is carried along", []string{own, "metadata.TestFieldsAreCarriedAlong"}},
	{26, "an unchanged document is 304", []string{"e2e.TestUpdateIsAnsweredBy304", "composer.TestDocumentsAreCachedByTheirValidator"}},
	{27, "two changes within a second have two validators", []string{"composer.TestValidatorDiffersWithEveryChange"}},
	{28, "what goes back is no 304 to who has what was between", []string{own}},
	{29, "views do not share a validator", []string{"composer.TestViewsDoNotShareAValidator", "composer.TestViewsOfRulesHaveTheirOwnValidators"}},
	{30, "answers are gzipped where that is accepted, and plain elsewhere", []string{"composer.TestDocumentsAreCachedByTheirValidator"}},
	{31, "Basic and Bearer work on every address", []string{own}},
	{32, "without a good token Composer prints what to do", []string{"e2e.TestComposerPrintsWhyItIsRefused", "e2e.TestRefusals"}},
	{33, "403 is for an ended token and for what one may not have, always with its reason; what is held back is left out of a 200", []string{"e2e.TestRefusals", "e2e.TestYoungReleasesWait"}},
	{34, "a redirect needs no token where it leads", []string{"e2e.TestInstancesShareABucket"}},
	{35, "no secret is in a lock", []string{"e2e.TestLocksMoveOver", "composer.TestPrivateAddressesAreNotTold"}},
	{36, "the address of an archive is absolute and differs where the bytes do", []string{"e2e.TestMovedBranchInstallsTheNewBytes", "mirror.TestBranchesFollowTheirSource"}},
	{37, "bytes with a checksum never change", []string{"mirror.TestDocumentAndBytesBelongTogether", "e2e.TestReleasesStayWhatTheyWere"}},
	{38, "an archive that is made here has one folder, and nothing leads out of it", []string{"source.TestArchivesHoldWhatIsInstalled", "upload.TestUpload"}},
	{39, "an archive is whole or none", []string{"e2e.TestBadArchivesAreNeverKept", "e2e.TestCutArchiveWithoutChecksumIsNotKept"}},
	{40, "a pinned commit is what installs, or an error", []string{"e2e.TestGitRepositories"}},
	{41, "a blocked version is offered to nobody, and refused to old locks", []string{"e2e.TestReleasesStayWhatTheyWere", "mirror.TestBlockedVersionsAreRefused"}},
	{42, "the name of a blocked package is not asked for elsewhere", []string{own}},
	{43, "an outage is never not found", []string{"mirror.TestFaultyAnswersAreNoNotFound", "e2e.TestOutageKeepsEverything"}},
	{44, "the mirror leads to the archive whatever the version and its reference are", []string{"composer.TestMirrorLeadsToTheArchive"}},
	{45, "a lock of another host moves over with update --lock", []string{"e2e.TestLocksMoveOver"}},
	{46, "a lock made today installs after the token was rotated", []string{"e2e.TestLocksMoveOver"}},
	{47, "advisories are read as Composer asks for them, and answered for what was asked alone", []string{own, "composer.TestQuestionsForAdvisories"}},
	{48, "search, list and show find what the token may see, and who provides a name", []string{own, "composer.TestProvidersAreWithinTheToken", "e2e.TestShowAndSearch", "e2e.TestNarrowTokenSeesItsPackagesOnly"}},
	{49, "reports of installations are answered at once, whatever they say and the database does", []string{own, "composer.TestThousandInstallationsAreCountedBehind", "composer.TestInstallationsOfAnOutageAreCounted"}},
	{50, "a version that is flagged ends an installation from a lock, with the reason, whatever the client knows", []string{own, "composer.TestQuestionsForFilterLists", "e2e.TestReleasesStayWhatTheyWere"}},
	{51, "sixty packages install over HTTP/1.1 and HTTP/2 without one refusal", []string{own}},
	{52, "over the limit Composer says so, and when it ends", []string{"e2e.TestComposerPrintsWhyItIsRefused", "e2e.TestLimitIsExactAndTold", "ratelimit.TestRefusalIsPrintedByComposer"}},
	{53, "older clients are served the same bytes, of which they read what they know", []string{own}},
	{54, "a client without curl, of one connection a request, installs", []string{own}},
}

// TestEveryStatementIsHeld guarantees that each statement is held by a test that there is.
func TestEveryStatementIsHeld(t *testing.T) {
	t.Parallel()
	tests := testsBelow(t, "..")
	for i, s := range statements {
		if s.number != i+1 || len(s.heldBy) == 0 {
			t.Errorf("statement %d is at the place of %d, or held by nothing", s.number, i+1)
		}
		for _, name := range s.heldBy {
			if name == own {
				name = statement(s.number)
			}
			if !slices.Contains(tests, name) {
				t.Errorf("statement %d, that %s: there is no %s", s.number, s.says, name)
			}
		}
	}
	if len(statements) != 54 {
		t.Errorf("%d statements of 54", len(statements))
	}
}

// statement is how a subtest of a statement's number is named in the list of all tests.
func statement(number int) string {
	return "statement " + string(rune('0'+number/10)) + string(rune('0'+number%10))
}

// testsBelow are the tests of all folders below one, as folder.Test, and the numbers that names of subtests in this folder
// begin with, where they are written out.
func testsBelow(t *testing.T, root string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		folder, err := filepath.Abs(filepath.Dir(path))
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && strings.HasPrefix(n.Name.Name, "Test") {
					found = append(found, filepath.Base(folder)+"."+n.Name.Name)
				}
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "holds" && len(n.Args) > 0 {
					if said, ok := n.Args[0].(*ast.BasicLit); ok && len(said.Value) > 3 {
						found = append(found, "statement "+said.Value[1:3])
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
