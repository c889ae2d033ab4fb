/** Kubernetes' quantities, such as `500m` and `1Gi`: read by Job specs and by the local cluster. */
export { quantityMeant, quantityOf } from './quantity.ts'
