(() => {
  const form = document.forms[0], said = document.getElementById('said')
  if (!form) return
  const { token, new_password: password } = form.elements, texts = form.dataset
  const weak = JSON.parse(texts.weak || '{}')
  const say = (text, value = '') => { said.textContent = text.replace('%s', () => value) }

  // The fragment of the link has the token. Nothing is sent before the button is pressed.
  const take = () => {
    const found = /^#(?:.*&)?token=([A-Za-z0-9]+)/.exec(location.hash)
    if (!found) return
    history.replaceState(null, '', location.pathname + location.search)
    token.value = found[1]
    token.closest('label').hidden = true
    form.hidden = false
    say('')
  }
  addEventListener('hashchange', take)
  take()

  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const button = form.querySelector('button')
    button.disabled = true
    const pasted = token.value.replace(/\s/g, '')
    const body = { token: /(?:.*token=)?([A-Za-z0-9]*)/.exec(pasted)[1] }
    if (password) body.new_password = password.value
    try {
      const answer = await fetch(texts.api, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
      const got = await answer.json()
      if (answer.ok) {
        say(got.already_verified ? texts.already : texts.done, got.email || got.username)
        if (password) password.value = ''
        form.hidden = true
      } else {
        const other = answer.status < 500 && answer.status !== 408 ? texts.refused : texts.failed
        say(weak[got.reason] || texts[got.code] || other)
        if (got.code === 'invalid_link') token.closest('label').hidden = false
      }
    } catch {
      say(texts.failed)
    }
    button.disabled = false
  })
})()
