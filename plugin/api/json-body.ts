// Bodies of requests to the API: JSON in UTF-8, as it is, and not much of it.
import express, { type RequestHandler } from "express";
import { describeError } from "../../mesh/errors.ts";
import { send } from "./answers.ts";
import { BODY_LIMIT } from "./body-limit.ts";
import { answerCode } from "./error-status.ts";

const JSON_TYPE = /^application\/json(?: *; *charset="?utf-8"?)?$/i;

const refuseOthers: RequestHandler = (request, response, next) => {
  const { "content-type": type = "nothing", "content-encoding": coding } = request.headers;
  if (coding === undefined && JSON_TYPE.test(type)) {
    next();
    return;
  }
  const found = coding === undefined ? type : `the coding ${coding}`;
  send(response, answerCode("BODY_UNSUPPORTED", `expected application/json, got ${found}`));
};

const parse: RequestHandler = (request, response, next) => {
  const bytes: unknown = request.body;
  const isEmpty = !Buffer.isBuffer(bytes) || bytes.length === 0;
  try {
    // Bytes that are no UTF-8 must not be written as other letters than were meant.
    request.body = JSON.parse(
      isEmpty ? "" : new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    );
  } catch (error) {
    const message = `expected JSON in UTF-8, but ${isEmpty ? "there is nothing" : describeError(error)}`;
    send(response, answerCode("BODY_MALFORMED", message));
    return;
  }
  next();
};

/** Puts the parsed body into `request.body`, or answers why not. */
export const jsonBody: RequestHandler[] = [
  refuseOthers,
  express.raw({ limit: BODY_LIMIT, inflate: false, type: () => true }),
  parse,
];
