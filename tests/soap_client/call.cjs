// Makes calls with the npm package "soap", one after the other, and prints what came of each, as JSON.
// Reads a list of {wsdl, port, operation, args, bearer, username, password, digest} from its standard input.
"use strict";
const soap = require("soap");

const OPTIONS = { hasTimeStamp: true, mustUnderstand: 1 };

function secured(client, order) {
  if (order.bearer) client.setSecurity(new soap.BearerSecurity(order.bearer));
  if (!order.username) return;
  const passwordType = order.digest ? "PasswordDigest" : "PasswordText";
  client.setSecurity(new soap.WSSecurity(order.username, order.password, { ...OPTIONS, passwordType }));
}

async function called(order) {
  const soap12 = order.port === "HubSoap12";
  const client = await soap.createClientAsync(order.wsdl, { forceSoap12Headers: soap12, disableCache: true });
  secured(client, order);
  const operation = client.HubService[order.port][order.operation];
  return new Promise((resolve, reject) => {
    operation.call(client, order.args, (error, result) => {
      if (!error) return resolve({ result });
      if (!error.root) return reject(error);
      return resolve({ status: error.response.status, fault: error.root.Envelope.Body.Fault });
    });
  });
}

async function main(orders) {
  const found = [];
  for (const order of orders) found.push(await called(order));
  return found;
}

let text = "";
process.stdin.on("data", (chunk) => (text += chunk));
process.stdin.on("end", () => {
  main(JSON.parse(text)).then(
    (found) => console.log(JSON.stringify(found)),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
});
