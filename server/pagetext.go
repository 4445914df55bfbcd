package server

import (
	"cmp"
	"net/http"

	"golang.org/x/text/language"

	"github.com/authctl/authctl/authn"
)

// pageText is the words of one page in one language. %s stands for a value.
type pageText struct {
	Title    string
	Intro    string
	Link     string // label of the field for the link
	Password string // label of the field for the new password; "" for a page without it
	Button   string
	Done     string // %s is the address or the username
	Already  string // %s is the address

	InvalidLink  string
	EmailTaken   string
	EmailOff     string
	WeakPassword string                    // for a reason without words of its own
	Weak         map[authn.Weakness]string // the reasons; %s is the max or the min length
	RateLimited  string
	Refused      string // to try again does not help
	Failed       string
}

// refusal returns the words for an error. The page's script has the same rules.
func (t pageText) refusal(status int, p problemBody) string {
	switch p.Code {
	case authn.CodeInvalidLink:
		return t.InvalidLink
	case authn.CodeEmailTaken:
		return t.EmailTaken
	case authn.CodeEmailOff:
		return t.EmailOff
	case authn.CodeWeakPassword:
		return cmp.Or(t.Weak[p.Reason], t.WeakPassword)
	case authn.CodeRateLimited:
		return t.RateLimited
	}
	if status < http.StatusInternalServerError && status != http.StatusRequestTimeout {
		return t.Refused
	}
	return t.Failed
}

// pageLanguages is the languages of the pages; the first one is for everybody else.
var pageLanguages = []language.Tag{language.English, language.German, language.French, language.Spanish, language.Portuguese}

// verifyTexts is the words of the page that verifies an address, in the order of [pageLanguages].
var verifyTexts = []pageText{
	{
		Title:       "Verify your e-mail address",
		Intro:       "Press the button to confirm that the address is yours.",
		Link:        "The whole link from the mail",
		Button:      "Verify the address",
		Done:        "The address %s is verified. You can close this page.",
		Already:     "The address %s is already verified. You can close this page.",
		InvalidLink: "This link is not valid any more. Ask for a new one.",
		EmailTaken:  "Another account has verified this address meanwhile.",
		EmailOff:    "This service sends no e-mail at present, so it cannot verify the address. Ask the people who run it.",
		RateLimited: "That was too often. Try again later.",
		Refused:     "The service has refused that, and to try again does not help. Ask the people who run it.",
		Failed:      "That did not work. Try again in a moment.",
	},
	{
		Title:       "E-Mail-Adresse bestätigen",
		Intro:       "Bestätigen Sie mit dem Knopf, dass die Adresse Ihnen gehört.",
		Link:        "Der ganze Link aus der E-Mail",
		Button:      "Adresse bestätigen",
		Done:        "Die Adresse %s ist bestätigt. Sie können diese Seite schließen.",
		Already:     "Die Adresse %s ist schon bestätigt. Sie können diese Seite schließen.",
		InvalidLink: "Dieser Link gilt nicht mehr. Fordern Sie einen neuen an.",
		EmailTaken:  "Ein anderes Konto hat diese Adresse inzwischen bestätigt.",
		EmailOff:    "Dieser Dienst verschickt zurzeit keine E-Mails und kann die Adresse nicht bestätigen. Fragen Sie den Betreiber.",
		RateLimited: "Das war zu oft. Versuchen Sie es später noch einmal.",
		Refused:     "Der Dienst hat das abgelehnt, und ein neuer Versuch hilft nicht. Fragen Sie den Betreiber.",
		Failed:      "Das hat nicht geklappt. Versuchen Sie es gleich noch einmal.",
	},
	{
		Title:       "Confirmer votre adresse e-mail",
		Intro:       "Appuyez sur le bouton pour confirmer que cette adresse est la vôtre.",
		Link:        "Le lien entier de l’e-mail",
		Button:      "Confirmer l’adresse",
		Done:        "L’adresse %s est confirmée. Vous pouvez fermer cette page.",
		Already:     "L’adresse %s est déjà confirmée. Vous pouvez fermer cette page.",
		InvalidLink: "Ce lien n’est plus valable. Demandez-en un nouveau.",
		EmailTaken:  "Un autre compte a confirmé cette adresse entre-temps.",
		EmailOff:    "Ce service n’envoie actuellement aucun e-mail et ne peut pas confirmer l’adresse. Adressez-vous à ses responsables.",
		RateLimited: "Trop de tentatives. Réessayez plus tard.",
		Refused:     "Le service a refusé, et un nouvel essai n’y changera rien. Adressez-vous à ses responsables.",
		Failed:      "Cela n’a pas fonctionné. Réessayez dans un instant.",
	},
	{
		Title:       "Confirmar la dirección de correo",
		Intro:       "Pulse el botón para confirmar que la dirección es suya.",
		Link:        "El enlace completo del correo",
		Button:      "Confirmar la dirección",
		Done:        "La dirección %s está confirmada. Puede cerrar esta página.",
		Already:     "La dirección %s ya está confirmada. Puede cerrar esta página.",
		InvalidLink: "Este enlace ya no es válido. Pida uno nuevo.",
		EmailTaken:  "Otra cuenta ha confirmado esta dirección entretanto.",
		EmailOff:    "Este servicio no envía correo por ahora y no puede confirmar la dirección. Pregunte a sus responsables.",
		RateLimited: "Demasiados intentos. Inténtelo más tarde.",
		Refused:     "El servicio lo ha rechazado, y volver a intentarlo no servirá. Pregunte a sus responsables.",
		Failed:      "No ha funcionado. Inténtelo de nuevo en un momento.",
	},
	{
		Title:       "Confirmar o endereço de e-mail",
		Intro:       "Prima o botão para confirmar que o endereço é seu.",
		Link:        "O link completo do e-mail",
		Button:      "Confirmar o endereço",
		Done:        "O endereço %s está confirmado. Pode fechar esta página.",
		Already:     "O endereço %s já está confirmado. Pode fechar esta página.",
		InvalidLink: "Este link já não é válido. Peça um novo.",
		EmailTaken:  "Outra conta confirmou este endereço entretanto.",
		EmailOff:    "Este serviço não envia e-mails de momento e não pode confirmar o endereço. Contacte os responsáveis.",
		RateLimited: "Demasiadas tentativas. Tente mais tarde.",
		Refused:     "O serviço recusou, e tentar de novo não ajuda. Contacte os responsáveis.",
		Failed:      "Não funcionou. Tente novamente dentro de momentos.",
	},
}

// resetTexts is the words of the page that sets a new password, in the order of [pageLanguages].
var resetTexts = []pageText{
	{
		Title:        "Choose a new password",
		Intro:        "All devices will be signed out.",
		Link:         "The whole link from the mail",
		Password:     "New password",
		Button:       "Set the password",
		Done:         "The new password of “%s” is set. You can sign in with it now.",
		InvalidLink:  "This link is not valid any more. Ask for a new one.",
		WeakPassword: "Choose another password.",
		Weak: map[authn.Weakness]string{
			authn.WeakMalformed:  "The password may have at most %s characters, and no invalid ones.",
			authn.WeakShort:      "The password must have at least %s characters.",
			authn.WeakCommon:     "This password, or one much like it, is among the most common ones. Choose another one.",
			authn.WeakName:       "The password must not be your name or address, or the name of the service. Choose another one.",
			authn.WeakSequence:   "The password is a sequence of characters. Choose another one.",
			authn.WeakRepetition: "The password repeats a short piece. Choose another one.",
		},
		RateLimited: "That was too often. Try again later.",
		Refused:     "The service has refused that, and to try again does not help. Ask the people who run it.",
		Failed:      "That did not work. Try again in a moment.",
	},
	{
		Title:        "Neues Passwort wählen",
		Intro:        "Alle Geräte werden abgemeldet.",
		Link:         "Der ganze Link aus der E-Mail",
		Password:     "Neues Passwort",
		Button:       "Passwort setzen",
		Done:         "Das neue Passwort von „%s“ gilt. Sie können sich jetzt damit anmelden.",
		InvalidLink:  "Dieser Link gilt nicht mehr. Fordern Sie einen neuen an.",
		WeakPassword: "Wählen Sie ein anderes Passwort.",
		Weak: map[authn.Weakness]string{
			authn.WeakMalformed:  "Das Passwort darf höchstens %s Zeichen haben und keine ungültigen.",
			authn.WeakShort:      "Das Passwort muss mindestens %s Zeichen haben.",
			authn.WeakCommon:     "Dieses oder ein sehr ähnliches Passwort gehört zu den häufigsten. Wählen Sie ein anderes.",
			authn.WeakName:       "Das Passwort darf nicht Ihr Name, Ihre Adresse oder der Name des Dienstes sein. Wählen Sie ein anderes.",
			authn.WeakSequence:   "Das Passwort ist eine Folge von Zeichen. Wählen Sie ein anderes.",
			authn.WeakRepetition: "Das Passwort wiederholt ein kurzes Stück. Wählen Sie ein anderes.",
		},
		RateLimited: "Das war zu oft. Versuchen Sie es später noch einmal.",
		Refused:     "Der Dienst hat das abgelehnt, und ein neuer Versuch hilft nicht. Fragen Sie den Betreiber.",
		Failed:      "Das hat nicht geklappt. Versuchen Sie es gleich noch einmal.",
	},
	{
		Title:        "Choisir un nouveau mot de passe",
		Intro:        "Tous les appareils seront déconnectés.",
		Link:         "Le lien entier de l’e-mail",
		Password:     "Nouveau mot de passe",
		Button:       "Enregistrer le mot de passe",
		Done:         "Le nouveau mot de passe de « %s » est enregistré. Vous pouvez maintenant vous connecter.",
		InvalidLink:  "Ce lien n’est plus valable. Demandez-en un nouveau.",
		WeakPassword: "Choisissez un autre mot de passe.",
		Weak: map[authn.Weakness]string{
			authn.WeakMalformed:  "Le mot de passe peut avoir %s caractères au plus, et aucun caractère non valable.",
			authn.WeakShort:      "Le mot de passe doit avoir au moins %s caractères.",
			authn.WeakCommon:     "Ce mot de passe, ou un autre très proche, est l’un des plus courants. Choisissez-en un autre.",
			authn.WeakName:       "Le mot de passe ne doit pas être votre nom, votre adresse ou le nom du service. Choisissez-en un autre.",
			authn.WeakSequence:   "Le mot de passe est une suite de caractères. Choisissez-en un autre.",
			authn.WeakRepetition: "Le mot de passe répète un court morceau. Choisissez-en un autre.",
		},
		RateLimited: "Trop de tentatives. Réessayez plus tard.",
		Refused:     "Le service a refusé, et un nouvel essai n’y changera rien. Adressez-vous à ses responsables.",
		Failed:      "Cela n’a pas fonctionné. Réessayez dans un instant.",
	},
	{
		Title:        "Elegir una contraseña nueva",
		Intro:        "Se cerrará la sesión en todos los dispositivos.",
		Link:         "El enlace completo del correo",
		Password:     "Contraseña nueva",
		Button:       "Guardar la contraseña",
		Done:         "La contraseña nueva de «%s» está guardada. Ya puede iniciar sesión con ella.",
		InvalidLink:  "Este enlace ya no es válido. Pida uno nuevo.",
		WeakPassword: "Elija otra contraseña.",
		Weak: map[authn.Weakness]string{
			authn.WeakMalformed:  "La contraseña puede tener como máximo %s caracteres, y ninguno no válido.",
			authn.WeakShort:      "La contraseña debe tener al menos %s caracteres.",
			authn.WeakCommon:     "Esta contraseña, o una muy parecida, es de las más comunes. Elija otra.",
			authn.WeakName:       "La contraseña no debe ser su nombre, su dirección ni el nombre del servicio. Elija otra.",
			authn.WeakSequence:   "La contraseña es una secuencia de caracteres. Elija otra.",
			authn.WeakRepetition: "La contraseña repite un fragmento corto. Elija otra.",
		},
		RateLimited: "Demasiados intentos. Inténtelo más tarde.",
		Refused:     "El servicio lo ha rechazado, y volver a intentarlo no servirá. Pregunte a sus responsables.",
		Failed:      "No ha funcionado. Inténtelo de nuevo en un momento.",
	},
	{
		Title:        "Escolher uma nova palavra-passe",
		Intro:        "A sessão será terminada em todos os dispositivos.",
		Link:         "O link completo do e-mail",
		Password:     "Nova palavra-passe",
		Button:       "Guardar a palavra-passe",
		Done:         "A nova palavra-passe de “%s” está guardada. Já pode iniciar sessão com ela.",
		InvalidLink:  "Este link já não é válido. Peça um novo.",
		WeakPassword: "Escolha outra palavra-passe.",
		Weak: map[authn.Weakness]string{
			authn.WeakMalformed:  "A palavra-passe pode ter no máximo %s caracteres, e nenhum inválido.",
			authn.WeakShort:      "A palavra-passe deve ter pelo menos %s caracteres.",
			authn.WeakCommon:     "Esta palavra-passe, ou uma muito parecida, é das mais comuns. Escolha outra.",
			authn.WeakName:       "A palavra-passe não deve ser o seu nome, o seu endereço ou o nome do serviço. Escolha outra.",
			authn.WeakSequence:   "A palavra-passe é uma sequência de caracteres. Escolha outra.",
			authn.WeakRepetition: "A palavra-passe repete um fragmento curto. Escolha outra.",
		},
		RateLimited: "Demasiadas tentativas. Tente mais tarde.",
		Refused:     "O serviço recusou, e tentar de novo não ajuda. Contacte os responsáveis.",
		Failed:      "Não funcionou. Tente novamente dentro de momentos.",
	},
}
