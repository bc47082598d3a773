/** Where whoever writes an address without a port means it to be. */
const ports: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  ws: 80,
  wss: 443,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  mariadb: 3306,
  mssql: 1433,
  sqlserver: 1433,
  mongodb: 27_017,
  redis: 6379,
  rediss: 6379,
  valkey: 6379,
  memcached: 11_211,
  amqp: 5672,
  amqps: 5671,
  mqtt: 1883,
  mqtts: 8883,
  nats: 4222,
  smtp: 25,
  smtps: 465,
  imap: 143,
  imaps: 993,
  ldap: 389,
  ldaps: 636,
  ftp: 21,
};

/** Undefined where neither the address nor its scheme says. */
export function portOf({ protocol, port }: Pick<URL, "protocol" | "port">): number | undefined {
  if (port !== "") return Number(port);
  // Some libraries put their driver's name behind that of the protocol.
  const [scheme = ""] = protocol.toLowerCase().split(/\+(?!srv)|:/);
  return ports[scheme];
}
