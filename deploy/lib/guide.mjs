// What the demo tells people when it is ready.

import { price, tokens } from './config.mjs'

export const guide = ({ chain, goods, gateway, payer, config }) => `
  paying proxy   ${payer.url}      (open this one)
  gateway        ${gateway.url}      (answers 402 to whoever does not pay)
  origin         ${goods.url}      (${goods.server})
  management     ${gateway.management}/metrics, /channels
  chain          ${chain.rpc}      (id ${chain.chainId})
  escrow         ${chain.escrow}
  token          ${chain.token}
  configuration  ${config}

Watch the film, paid by the byte at ${price.amount} base units per ${price.unit}, which are
${tokens(BigInt(price.amount))}:

  mpv    ${payer.url}/film.mp4
  vlc    ${payer.url}/film/index.m3u8
  ffplay ${payer.url}/film.mp4
  a browser: ${payer.url}/
${goods.playable ? '' : noise}
Anything else that speaks HTTP will do; and whoever does not pay gets nothing:

  curl -o big.bin ${payer.url}/big.bin
  curl -i ${gateway.url}/big.bin

Ctrl-C closes the channels and ends everything.
`

const noise = `
The film was made without ffmpeg, so it is noise: download it rather than watch it.
`
