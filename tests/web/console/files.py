"""The operator's files of the furnished house, as its inventory has them, in force as version 1."""

FILES = {
    "all.yaml": """\
# Who we work for
organisations:
  acme: {title: Sternlicht Beratung GmbH}
  bolt: {title: Bolt & Söhne KG}
trunks:
  carrier: {host: 127.0.0.1, port: 5999, number_format: e164_plus}
agents:
  anna: {organisation: acme}
  bert: {organisation: bolt}
groups:
  advisers: {organisation: acme, agents: [anna]}
  astrologers: {organisation: acme, agents: [anna]}
  workers: {organisation: bolt, agents: [bert]}
profiles:
  acme-eur:
    organisation: acme
    currency: EUR
    title: Sternlicht
    amounts:
      - {pay: 10}
      - {pay: 20, bonus: 2}
      - {pay: 50, bonus: 7.50}
    sites: [https://www.sternlicht.example]
    providers:
      scripted: {}
      manual: {holder: Sternlicht GmbH, iban: DE02120300000000202051}
  acme-usd: {organisation: acme, currency: USD}
  acme-two: {organisation: acme, currency: EUR}
  bolt-eur: {organisation: bolt, currency: EUR}
""",
    "lines.yaml": """\
tariffs:
  standard:
    organisation: acme
    currency: EUR
    landline: 1.99      # what a landline pays
    mobile: 2.99
    # foreign callers, VoIP
    other: 2.99

    increment: 60/60
    billing_starts: {from: conversation}
  flat:
    organisation: acme
    currency: EUR
    landline: 1.99
    mobile: 1.99
    other: 2.99
    increment: 60/60
    billing_starts: {from: conversation}
    connect_fee: 0
  bolts:
    organisation: bolt
    currency: EUR
    landline: 0.99
    mobile: 0.99
    increment: 1/1
    billing_starts: {from: conversation}
services:
  sternlicht:
    organisation: acme
    numbers: [030 23125 000]
    profile: acme-eur
    tariff: standard
    group: advisers
    title: Sternlicht
  starlight:
    organisation: acme
    numbers: [030 23125 001]
    profile: acme-eur
    tariff: flat
    group: advisers
    title: Starlight
  schrauben:
    organisation: bolt
    numbers: [030 23125 002]
    profile: bolt-eur
    tariff: bolts
    group: workers
""",
}
