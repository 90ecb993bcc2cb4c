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
  const text = Buffer.isBuffer(bytes) ? bytes.toString("utf8") : "";
  try {
    request.body = JSON.parse(text);
  } catch (error) {
    const message = `expected JSON, but ${text === "" ? "there is nothing" : describeError(error)}`;
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
