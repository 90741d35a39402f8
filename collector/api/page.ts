import type { RequestHandler } from 'express';
import express from 'express';
import { packagePath } from '../package-path.js';

/**
 * Nothing inline and nothing from elsewhere: a tenant's name that got into the page as markup could still run nothing
 * and tell nobody.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The gap report as a web page: the files that `npm run build` made of `collector/web`. */
export function page(): RequestHandler {
  return express.static(packagePath('dist', 'collector', 'web'), {
    cacheControl: false,
    setHeaders: (response) => {
      response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      response.setHeader('Referrer-Policy', 'no-referrer');
    },
  });
}
