/** What a team writes that needs no more than this. */
class CachedHeader {
  #client;
  #header = '';
  #renewsAt = 0;

  constructor(client) {
    this.#client = client;
  }

  async getAuthorizationHeader() {
    if (Date.now() >= this.#renewsAt) await this.#renew();
    return this.#header;
  }

  async #renew() {
    const { tokenEndpoint, clientId, clientSecret, scope } = this.#client;
    const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const response = await fetch(tokenEndpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    });
    const token = await response.json();
    this.#header = `Bearer ${token.access_token}`;
    this.#renewsAt = Date.now() + (token.expires_in - 30) * 1_000;
  }
}

export function cachedHeader(client) {
  const cached = new CachedHeader(client);
  return async (calls) => {
    let header;
    for (let call = 0; call < calls; call += 1) header = await cached.getAuthorizationHeader();
    return header;
  };
}
