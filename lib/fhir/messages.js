'use strict';

/** A request as CLIENT_REQUEST sees it; HAPI's own getters beside the properties. */
class ClientRequest {
  /**
   * @param {string} method
   * @param {string} url
   * @param {Headers} headers
   * @param {string | null} body
   */
  constructor(method, url, headers, body) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.body = body;
    // Only its headers can be changed.
    Object.freeze(this);
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  addHeader(name, value) {
    this.headers.append(name, value);
  }

  /** @param {string} name */
  removeHeaders(name) {
    this.headers.delete(name);
  }

  getUri() {
    return this.url;
  }

  getHttpVerbName() {
    return this.method;
  }
}

/** A response as CLIENT_RESPONSE sees it. */
class ClientResponse {
  /**
   * @param {Response} response
   * @param {string} body
   */
  constructor({ status, statusText, url, headers }, body) {
    this.status = status;
    this.statusText = statusText;
    this.url = url;
    this.headers = headers;
    this.body = body;
    Object.freeze(this);
  }

  getStatus() {
    return this.status;
  }

  getStatusInfo() {
    return this.statusText;
  }
}

module.exports = { ClientRequest, ClientResponse };
