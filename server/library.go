package server

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strconv"
)

// The paths of the browser library. What stands for {hash} changes with the library, so that the
// browser may keep the file for ever.
const (
	libraryPath       = "/authctl.js"
	libraryHashedPath = "/authctl.{hash}.js"
	libraryTypesPath  = "/authctl.d.ts"
)

var (
	//go:embed client/authctl.js
	libraryJS []byte
	//go:embed client/authctl.d.ts
	libraryTypes []byte
)

// publicFile is a file that pages of every origin may load. Its answer is the same for everybody.
type publicFile struct {
	body        []byte
	contentType []string
	tag         string // the entity tag
	lasting     string // the path whose answer never changes; "" for none
}

func newPublicFile(body []byte, contentType string) publicFile {
	return publicFile{body: body, contentType: []string{contentType}, tag: entityTag(body)}
}

// libraryRoutes returns the rows of the library for the table of routes. The path with another hash,
// of an older or a newer release, answers with this library too, so that an upgrade breaks no page.
// A page that insists on one version names its digest (Subresource Integrity).
func (s *Server) libraryRoutes() []route {
	library := newPublicFile(libraryJS, "text/javascript; charset=utf-8")
	library.lasting = "/authctl." + libraryHash(libraryJS) + ".js"
	types := newPublicFile(libraryTypes, "application/typescript; charset=utf-8")
	return []route{
		{"GET", libraryPath, classOther, endpoint{anyone, s.showFile(library)}},
		{"GET", libraryHashedPath, classOther, endpoint{anyone, s.showFile(library)}},
		{"GET", libraryTypesPath, classOther, endpoint{anyone, s.showFile(types)}},
	}
}

// libraryHash returns what stands for {hash} in the path: the first 16 hex digits of the SHA-256.
func libraryHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

var (
	revalidated = []string{"public, no-cache"}
	immutable   = []string{"public, max-age=31536000, immutable"} // RFC 8246
	everyOrigin = []string{"*"}
	crossOrigin = []string{"cross-origin"}
)

func (s *Server) showFile(f publicFile) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		x.route, x.request = r.Pattern, r
		h := x.Header()
		h["Cache-Control"] = revalidated
		if r.URL.Path == f.lasting {
			h["Cache-Control"] = immutable
		}
		h["Cross-Origin-Resource-Policy"] = crossOrigin
		if h["Access-Control-Allow-Origin"] == nil { // the CORS layer has named an allowed origin
			h["Access-Control-Allow-Origin"] = everyOrigin
		}
		h.Set("ETag", f.tag)
		if x.knows(f.tag) {
			x.WriteHeader(http.StatusNotModified)
			return
		}
		h["Content-Type"] = f.contentType
		h["Content-Length"] = []string{strconv.Itoa(len(f.body))}
		x.WriteHeader(http.StatusOK)
		if r.Method != http.MethodHead {
			x.Write(f.body) // an error here means that the client is gone
		}
	}
}
