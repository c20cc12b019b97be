import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import ModbusRTU from "modbus-serial";
import { startFarm } from "./farm.mjs";

const METER = "0000010201"; // gateway 000001, port 2, address 1
const START = ["--speed", "0", "--start", "2026-01-05T08:00:00+08:00", "--no-wire-timing"];

for (const framing of ["tcp", "rtu"]) {
  describe(`a farm that speaks ${framing}`, () => {
    let farm, client;

    before(async () => {
      farm = await startFarm("tiny", "--protocol", framing, ...START);
      const { host, tcp } = farm.bus("000001", 2);
      client = new ModbusRTU();
      if (framing === "tcp") await client.connectTCP(host, { port: tcp });
      else await client.connectTelnet(host, { port: tcp });
      client.setID(1);
      client.setTimeout(10_000);
    });
    after(async () => {
      await new Promise((closed) => client.close(closed));
      assert.equal(await farm.stop(), 0);
    });
    beforeEach(() => farm.post("/farm/reset", { meters: true }));

    async function remaining() {
      const { buffer } = await client.readHoldingRegisters(0x021f, 2);
      return buffer.readInt32BE();
    }

    test("credit melts away", async () => {
      await farm.put(`/meters/${METER}/load`, { shape: "flat", centikwh_per_day: 2400 });
      assert.equal(await remaining(), 4125);
      await farm.post("/clock/advance", { seconds: 2 * 3600 });
      assert.equal(await remaining(), 4125 - 2 * 75);
      assert.equal((await farm.get(`/meters/${METER}`)).remaining_fen, 3975);
    });

    test("a meter that is busy once", async () => {
      await farm.post("/faults", { kind: "exception", meter: METER, code: 6, count: 1 });
      await assert.rejects(remaining(), { modbusCode: 6 });
      assert.equal(await remaining(), 4125);
      const { entries } = await farm.get(`/journal?meter=${METER}`);
      assert.deepEqual(entries.map((entry) => entry.fault), ["exception-1", null]);
    });

    test("a time-out, and nothing wrong after it", async () => {
      const { name } = await farm.post("/faults", { kind: "lose-reply", meter: METER, count: 1 });
      client.setTimeout(200);
      await assert.rejects(remaining(), { errno: "ETIMEDOUT" });
      client.setTimeout(10_000);
      assert.equal(await remaining(), 4125);
      assert.equal((await farm.get(`/faults/${name}`)).fired, 1);
    });

    test("what is wrong is named", async () => {
      await assert.rejects(farm.post("/clock/advance", { seconds: -1 }), /^Error: seconds: /);
      await assert.rejects(farm.get("/meters/0099990101"), /a meter of this farm/);
    });
  });
}
