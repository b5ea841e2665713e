package main

import (
	"crypto/rand"
	"crypto/subtle"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"

	"golang.org/x/oauth2"
)

const issuer = {{ quoted(issuer) }}

var config = oauth2.Config{
	ClientID:     {{ quoted(app.client_id) }},
	ClientSecret: os.Getenv("CLIENT_SECRET"),
	RedirectURL:  {{ quoted(app.redirect_uri) }},
	Scopes:       []string{ {%- for scope in app.scope.split() %}{{ quoted(scope) }}{{ ", " if not loop.last }}{% endfor -%} },
	Endpoint: oauth2.Endpoint{
		AuthURL:  issuer + "/oauth/authorize",
		TokenURL: issuer + "/oauth/token",
		// Otherwise it tries one way, and the other when that is refused, with a code that is good once.
		AuthStyle: oauth2.AuthStyleInHeader,
	},
}

// What a visitor of yours holds. In earnest: a row of your database, locked while it is renewed.
type visitor struct {
	sync.Mutex
	state, verifier string
	tokens          *oauth2.Token
}

var visitors sync.Map

func find(w http.ResponseWriter, r *http.Request) *visitor {
	if cookie, err := r.Cookie("visitor"); err == nil {
		if found, ok := visitors.Load(cookie.Value); ok {
			return found.(*visitor)
		}
	}
	made, name := &visitor{}, rand.Text()
	visitors.Store(name, made)
	http.SetCookie(w, &http.Cookie{Name: "visitor", Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode{% if is_https %}, Secure: true{% endif %}})
	return made
}

func connect(w http.ResponseWriter, r *http.Request) {
	one := find(w, r)
	one.Lock()
	defer one.Unlock()
	one.state, one.verifier = rand.Text(), oauth2.GenerateVerifier()
	http.Redirect(w, r, config.AuthCodeURL(one.state, oauth2.S256ChallengeOption(one.verifier)), http.StatusFound)
}

func callback(w http.ResponseWriter, r *http.Request) {
	one, query := find(w, r), r.URL.Query()
	one.Lock()
	defer one.Unlock()
	expected := one.state
	one.state = ""
	// The library compares neither state nor iss (RFC 9207).
	isOurs := expected != "" && subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(expected)) == 1
	if !isOurs || query.Get("iss") != issuer {
		http.Error(w, "This is no answer to our request.", http.StatusBadRequest)
		return
	}
	if query.Has("error") {
		http.Error(w, query.Get("error"), http.StatusBadRequest)
		return
	}
	tokens, err := config.Exchange(r.Context(), query.Get("code"), oauth2.VerifierOption(one.verifier))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	one.tokens = tokens
	http.Redirect(w, r, "/me", http.StatusFound)
}

func me(w http.ResponseWriter, r *http.Request) {
	one := find(w, r)
	one.Lock()
	defer one.Unlock()
	if one.tokens == nil {
		http.Error(w, "Connect first.", http.StatusUnauthorized)
		return
	}
	// It renews by itself and tells nobody, so ask for the token first, and keep it: its refresh token is new.
	tokens, err := config.TokenSource(r.Context(), one.tokens).Token()
	if err != nil {
		// invalid_grant: send the person to /connect. All others: try again later.
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	one.tokens = tokens
	answer, err := config.Client(r.Context(), tokens).Get(issuer + "/api/me/")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.Header().Set("Content-Type", "application/json")
	io.Copy(w, answer.Body)
}

func disconnect(w http.ResponseWriter, r *http.Request) {
	one := find(w, r)
	one.Lock()
	defer one.Unlock()
	if err := revoke(one.tokens.RefreshToken); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	one.tokens = nil
	io.WriteString(w, `{"disconnected": true}`)
}

// The library has nothing for RFC 7009.
func revoke(token string) error {
	form := url.Values{"token": {token}, "client_id": {config.ClientID}, "client_secret": {config.ClientSecret}}
	answer, err := http.PostForm(issuer+"/oauth/revoke", form)
	if err == nil {
		answer.Body.Close()
	}
	return err
}

func main() {
	http.HandleFunc("GET /connect", connect)
	http.HandleFunc("GET "+{{ quoted(app.callback_path) }}, callback)
	http.HandleFunc("GET /me", me)
	http.HandleFunc("POST /disconnect", disconnect)
	log.Print("listening")
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
