/** What the scripts of passkeys share: whether the browser can, and its refusals in words. */
export const passkeys = `
  const canUsePasskeys = Boolean(
    window.PublicKeyCredential
    && PublicKeyCredential.parseRequestOptionsFromJSON
    && PublicKeyCredential.parseCreationOptionsFromJSON,
  );

  // Browsers tell no more on purpose: not whether there is a passkey, nor why it was not used.
  function passkeyWords(error) {
    if (error.name === 'NotAllowedError') return 'No passkey was used. Try again, or take another way.';
    if (error.name === 'InvalidStateError') return 'This device or password manager has a passkey for you already.';
    if (error.name === 'SecurityError') return 'This address of the site cannot use passkeys.';
    return 'The browser could not use a passkey. Try again, or take another way.';
  }

  const requestOf = (options) => PublicKeyCredential.parseRequestOptionsFromJSON(options);

  // The password manager forgets a passkey that is not registered any more.
  function forgetUnknown(error, options, response) {
    if (codeOf(error) !== 'passkey.unknown' || !PublicKeyCredential.signalUnknownCredential) return;
    PublicKeyCredential.signalUnknownCredential({ rpId: options.rpId, credentialId: response.id }).catch(() => undefined);
  }
`;

/** /sign-in: by the button, or by what the browser offers in the field of the address (conditional UI). */
export const passkeySignIn = `
  // A challenge is good for five minutes; the offer in the field is made anew before that.
  const OFFER_MS = 240000;
  let offer = null;

  async function askPasskey(more) {
    const start = await call('auth.startPasskeySignIn', {});
    if (!start.result) return { error: start.error };
    const { options } = start.result.data;
    const credential = await navigator.credentials.get({ publicKey: requestOf(options), ...more });
    return { options, response: credential.toJSON() };
  }

  // Whether it is done, and the page goes on.
  async function finishPasskey({ error, options, response }, next) {
    const end = error ? { error } : await call('auth.finishPasskeySignIn', { response });
    if (end.result) {
      location.replace(next);
      return true;
    }
    forgetUnknown(end.error, options, response);
    say(wordsOf(end.error));
    return false;
  }

  async function offerInField(button) {
    const canOffer = PublicKeyCredential.isConditionalMediationAvailable;
    if (token !== null || !canOffer || !(await PublicKeyCredential.isConditionalMediationAvailable())) return;
    const mine = new AbortController();
    offer = mine;
    const timer = setTimeout(() => mine.abort(), OFFER_MS);
    try {
      const asked = await askPasskey({ mediation: 'conditional', signal: mine.signal });
      clearTimeout(timer);
      // Nobody asked for anything yet, so there is nothing to say when it cannot be offered.
      if (asked.error || mine.signal.aborted) return;
      // One sign-in is enough.
      button.setAttribute('aria-disabled', 'true');
      if (await finishPasskey(asked, button.dataset.next)) return;
    } catch { /* given up by the browser, by the button or by the time */ }
    clearTimeout(timer);
    if (offer !== mine) return;
    button.removeAttribute('aria-disabled');
    if (mine.signal.aborted) offerInField(button);
  }

  whenReady(() => {
    const button = find('[data-passkey]');
    if (!button || !canUsePasskeys) return;
    button.hidden = false;
    offerInField(button);
    onPress(button, async () => {
      // Browsers take one request at a time.
      const running = offer;
      offer = null;
      if (running) running.abort();
      try {
        if (await finishPasskey(await askPasskey({}), button.dataset.next)) return;
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
        if (error.name !== 'AbortError') say(passkeyWords(error));
      }
      offerInField(button);
    });
  });
`;

/** /step-up */
export const passkeyStepUp = `
  async function stepUp(next) {
    const start = await call('auth.startStepUp', {});
    const options = start.result && start.result.data.passkeyOptions;
    if (!start.result) return leads(start.error) || say(wordsOf(start.error));
    if (!options) return say('There is no passkey in your account. Take another way.');
    let response;
    try {
      response = (await navigator.credentials.get({ publicKey: requestOf(options) })).toJSON();
    } catch (error) {
      return say(passkeyWords(error));
    }
    const end = await call('auth.stepUp', { response });
    if (end.result) return location.replace(next);
    forgetUnknown(end.error, options, response);
    return leads(end.error) || say(wordsOf(end.error));
  }

  whenReady(() => {
    const button = find('[data-passkey]');
    if (!button || !canUsePasskeys) return;
    button.hidden = false;
    onPress(button, () => stepUp(button.dataset.next));
  });
`;

/** /account: adds one. */
export const passkeyRegistration = `
  async function addPasskey() {
    const start = await call('auth.startPasskeyRegistration', {});
    if (!start.result) return leads(start.error) || say(wordsOf(start.error));
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(start.result.data.options);
    let response;
    try {
      response = (await navigator.credentials.create({ publicKey })).toJSON();
    } catch (error) {
      return say(passkeyWords(error));
    }
    const end = await call('auth.finishPasskeyRegistration', { response });
    if (end.result) return location.assign('/account?done=passkey_added');
    return leads(end.error) || say(wordsOf(end.error));
  }

  whenReady(() => {
    const button = find('[data-add-passkey]');
    if (!button) return;
    if (!canUsePasskeys) {
      find('[data-no-passkeys]').hidden = false;
      return;
    }
    button.hidden = false;
    onPress(button, addPasskey);
  });
`;
