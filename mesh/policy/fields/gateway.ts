// Fields of how a gateway publishes the service to clients outside the mesh.
import { type FieldsOf, field } from "../field.ts";
import { edgeTls, hostNames, optionalPort, pathPrefix } from "../gateway-kinds.ts";
import type { GatewayPolicy } from "../policy.ts";

export const GATEWAY_FIELDS: FieldsOf<GatewayPolicy> = {
  hosts: field({
    name: "gateway.host",
    kind: hostNames,
    fallback: "",
    concerns: "gateway",
    meaning:
      "The host names under which gateways publish the service; empty: under none. `*.` stands for one label, and the more exact " +
      "host decides. A host and path that two services claim leads to neither, and the status says so.",
    example: "shop.example,www.shop.example",
  }),
  path: field({
    name: "gateway.path",
    kind: pathPrefix,
    fallback: "/",
    concerns: "gateway",
    meaning:
      "What of these hosts is the service's: this path and all below it, so that `/api` is not the beginning of `/apis`. The longest " +
      "path decides. The service gets paths as clients send them.",
    example: "/api",
  }),
  tls: field({
    name: "gateway.tls",
    kind: edgeTls,
    fallback: "off",
    concerns: "gateway",
    meaning:
      "With which certificate. `off`: plain HTTP; `self-made`: one of the mesh's own, for tests and inner networks; otherwise the name " +
      "of one that the agent was given. But for `off`, plain HTTP is redirected to HTTPS.",
    example: "self-made",
  }),
  port: field({
    name: "gateway.port",
    kind: optionalPort,
    fallback: "",
    concerns: "gateway",
    meaning:
      "Which port of the service, where it has several; the first that speaks HTTP otherwise.",
    example: "8080",
  }),
};
