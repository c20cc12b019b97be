// A farm as a child process: where its buses listen, and words for its control API.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export async function startFarm(site, ...options) {
  const command = ["sim", "run", site, "--base-port", "0", "--control", "0", "--json", ...options];
  const farm = spawn("prewatt", command, { stdio: ["ignore", "pipe", "inherit"] });
  const buses = [];
  let url;
  for await (const line of createInterface(farm.stdout)) {
    const row = JSON.parse(line);
    if (row.ready) break;
    if (row.control) url = row.control;
    else buses.push(row);
  }
  return {
    bus: (gateway, port) => buses.find((bus) => bus.gateway === gateway && bus.port === port),
    get: (path) => ask("GET", url + path),
    post: (path, body) => ask("POST", url + path, body),
    put: (path, body) => ask("PUT", url + path, body),
    remove: (path) => ask("DELETE", url + path),
    stop: () => new Promise((ended) => farm.on("exit", ended).kill("SIGTERM")),
  };
}

async function ask(method, url, body) {
  const answer = await fetch(url, { method, body: body && JSON.stringify(body) });
  const text = await answer.text();
  const told = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Error(`${told.key}: ${told.expected}`);
  return told;
}
