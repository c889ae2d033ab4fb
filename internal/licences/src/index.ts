/** Writes the licences of the packages that a build bundles. For the `tsdown.config.ts` of the packages. */
export { type ForeignWork, thirdPartyLicences } from './third-party-licences.ts'
