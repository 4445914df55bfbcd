package server

import "golang.org/x/text/language"

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
	WeakPassword string // %s is the reason, in English
	RateLimited  string
	Failed       string
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
		RateLimited: "That was too often. Try again later.",
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
		RateLimited: "Das war zu oft. Versuchen Sie es später noch einmal.",
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
		RateLimited: "Trop de tentatives. Réessayez plus tard.",
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
		RateLimited: "Demasiados intentos. Inténtelo más tarde.",
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
		RateLimited: "Demasiadas tentativas. Tente mais tarde.",
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
		WeakPassword: "Choose another password: %s.",
		RateLimited:  "That was too often. Try again later.",
		Failed:       "That did not work. Try again in a moment.",
	},
	{
		Title:        "Neues Passwort wählen",
		Intro:        "Alle Geräte werden abgemeldet.",
		Link:         "Der ganze Link aus der E-Mail",
		Password:     "Neues Passwort",
		Button:       "Passwort setzen",
		Done:         "Das neue Passwort von „%s“ gilt. Sie können sich jetzt damit anmelden.",
		InvalidLink:  "Dieser Link gilt nicht mehr. Fordern Sie einen neuen an.",
		WeakPassword: "Wählen Sie ein anderes Passwort: %s.",
		RateLimited:  "Das war zu oft. Versuchen Sie es später noch einmal.",
		Failed:       "Das hat nicht geklappt. Versuchen Sie es gleich noch einmal.",
	},
	{
		Title:        "Choisir un nouveau mot de passe",
		Intro:        "Tous les appareils seront déconnectés.",
		Link:         "Le lien entier de l’e-mail",
		Password:     "Nouveau mot de passe",
		Button:       "Enregistrer le mot de passe",
		Done:         "Le nouveau mot de passe de « %s » est enregistré. Vous pouvez maintenant vous connecter.",
		InvalidLink:  "Ce lien n’est plus valable. Demandez-en un nouveau.",
		WeakPassword: "Choisissez un autre mot de passe : %s.",
		RateLimited:  "Trop de tentatives. Réessayez plus tard.",
		Failed:       "Cela n’a pas fonctionné. Réessayez dans un instant.",
	},
	{
		Title:        "Elegir una contraseña nueva",
		Intro:        "Se cerrará la sesión en todos los dispositivos.",
		Link:         "El enlace completo del correo",
		Password:     "Contraseña nueva",
		Button:       "Guardar la contraseña",
		Done:         "La contraseña nueva de «%s» está guardada. Ya puede iniciar sesión con ella.",
		InvalidLink:  "Este enlace ya no es válido. Pida uno nuevo.",
		WeakPassword: "Elija otra contraseña: %s.",
		RateLimited:  "Demasiados intentos. Inténtelo más tarde.",
		Failed:       "No ha funcionado. Inténtelo de nuevo en un momento.",
	},
	{
		Title:        "Escolher uma nova palavra-passe",
		Intro:        "A sessão será terminada em todos os dispositivos.",
		Link:         "O link completo do e-mail",
		Password:     "Nova palavra-passe",
		Button:       "Guardar a palavra-passe",
		Done:         "A nova palavra-passe de “%s” está guardada. Já pode iniciar sessão com ela.",
		InvalidLink:  "Este link já não é válido. Peça um novo.",
		WeakPassword: "Escolha outra palavra-passe: %s.",
		RateLimited:  "Demasiadas tentativas. Tente mais tarde.",
		Failed:       "Não funcionou. Tente novamente dentro de momentos.",
	},
}
