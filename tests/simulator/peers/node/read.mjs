// Reads ranges from stdin, [{unit, code, address, size}], and prints what modbus-serial makes of each.
import { text } from "node:stream/consumers";
import ModbusRTU from "modbus-serial";

const [framing, host, port] = process.argv.slice(2);
const client = new ModbusRTU();
if (framing === "tcp") await client.connectTCP(host, { port: Number(port) });
else await client.connectTelnet(host, { port: Number(port) });
client.setTimeout(10_000);
const READ = { 2: "readDiscreteInputs", 3: "readHoldingRegisters", 4: "readInputRegisters" };
const told = [];
for (const { unit, code, address, size } of JSON.parse(await text(process.stdin))) {
  client.setID(unit);
  told.push((await client[READ[code]](address, size)).data);
}
console.log(JSON.stringify(told));
client.close(() => process.exit(0));
