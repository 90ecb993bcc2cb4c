// The part of the label reference about labels of Swarm's services: where labels may stand, which one is right, what changes live.

/** Ends with a newline. */
export const SERVICE_LABELS: string = `## On Swarm: labels of services

In a stack file a label may stand in either of two places:

\`\`\`yaml
services:
  orders:
    labels: { mesh.enable: "true" }         # on every container of the service
    deploy:
      labels: { mesh.weight: "3" }          # on the service itself
\`\`\`

**Both count. Where they differ, \`deploy.labels\` is right**, label by label: it is the one that can be changed while the tasks run.

\`\`\`sh
docker service update --label-add mesh.weight=5 shop_orders
docker service update --label-rm mesh.weight shop_orders      # what the container says counts again
\`\`\`

Neither replaces a task. Every node follows within a second, also workers, which cannot read services themselves: the agents on
managers put these labels into the catalog. \`--container-label-add\` changes \`labels:\`, and Swarm replaces all tasks.

- **Everything changes live** but \`mesh.hold\`, which is read at the start and from the container, where \`mesh.enable\` has to stand
  beside it. Policies, weight, version, upstreams, check and names are news for the sidecars; \`mesh.port\`, \`mesh.ports\`, \`mesh.mtls\`, \`mesh.intercept\` and \`mesh.egress\` also need other rules in
  the running container's namespace, which takes some tenths of a second; \`mesh.enable\` adds a sidecar, or lets the one there is
  finish and takes it away: the application goes on without the mesh.
- **A wrong label changes nothing** for tasks that run: the labels before stay in force, and the status says what is wrong and that it
  stands in \`deploy.labels\`. Tasks that start with it stay out of the mesh.
- **All tasks of a service have its labels**, old and new ones, at once. A rolling update to a new image with
  \`--label-add mesh.version=2\` calls those tasks version 2, too, that have the old image still: what differs from task to task, as
  \`mesh.version\` does then, belongs under \`labels:\`.
- **Without Consul** (\`MESH_CATALOG=embedded\`) only managers know of services: enough for a swarm of one node.
- Compose without Swarm ignores \`deploy.labels\`.
`;
