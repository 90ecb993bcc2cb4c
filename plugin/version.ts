// The one version of agent, sidecar image and command; a test holds it against package.json.

export const AGENT_VERSION = "0.1.0";
